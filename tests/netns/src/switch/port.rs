//! One end of a cable, read and written as raw frames (`AF_PACKET`).

use std::{io::ErrorKind, time::Duration};

use anyhow::Context as _;
use pnet_datalink::{Channel, Config, DataLinkReceiver, DataLinkSender, NetworkInterface};

/// How often a reader looks whether the switch is still on.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// Larger than any frame that the cables carry: their ends are told to send no bundles of segments.
const FRAME: usize = 4_096;

/// What comes out of a cable.
pub(super) struct Receiver(Box<dyn DataLinkReceiver>);

/// What goes into a cable.
pub(super) struct Sender(Box<dyn DataLinkSender>);

/// Opens a cable's end in the namespace of this thread.
pub(super) fn open(all: &[NetworkInterface], cable: &str) -> anyhow::Result<(Sender, Receiver)> {
    let end = all.iter().find(|end| end.name == cable);
    let end = end.with_context(|| format!("there is no network interface `{cable}`"))?;
    let config = Config {
        read_timeout: Some(POLL_INTERVAL),
        write_timeout: Some(POLL_INTERVAL),
        read_buffer_size: FRAME,
        ..Config::default()
    };
    match pnet_datalink::channel(end, config).with_context(|| format!("no raw socket on `{cable}`"))? {
        Channel::Ethernet(sender, receiver) => Ok((Sender(sender), Receiver(receiver))),
        _ => anyhow::bail!("`{cable}` is no Ethernet"),
    }
}

impl Receiver {
    /// The next frame, if one comes soon. An error says that the cable is gone.
    pub(super) fn receive(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        match self.0.next() {
            Ok(frame) => Ok(Some(frame.to_vec())),
            Err(error) => match error.kind() {
                ErrorKind::TimedOut | ErrorKind::WouldBlock | ErrorKind::Interrupted | ErrorKind::NetworkDown => {
                    Ok(None)
                }
                _ => Err(error),
            },
        }
    }
}

impl Sender {
    /// Whether the cable took the frame.
    pub(super) fn send(&mut self, frame: &[u8]) -> bool {
        matches!(self.0.send_to(frame, None), Some(Ok(())))
    }
}
