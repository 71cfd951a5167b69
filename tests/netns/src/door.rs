//! A door into a namespace: a port of this machine's loopback that leads to one of the namespace's loopback.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use anyhow::Context as _;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::namespace::Namespace;

/// Open until it is dropped.
#[derive(Debug)]
pub(crate) struct Door {
    address: SocketAddr,
    _open: DropGuard,
}

impl Door {
    pub(crate) fn open(into: &Namespace, port: u16) -> anyhow::Result<Self> {
        // A socket belongs to the namespace in which it was made: this one to that of the tests.
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let (address, open) = (listener.local_addr()?, CancellationToken::new());
        let closed = open.clone();
        into.run(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async { closed.run_until_cancelled(serve(listener, port)).await.unwrap_or(Ok(())) })
        })?;
        Ok(Self { address, _open: open.drop_guard() })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

async fn serve(listener: TcpListener, port: u16) -> anyhow::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    loop {
        let (mut outside, _) = listener.accept().await.context("the door is broken")?;
        tokio::spawn(async move {
            if let Ok(mut inside) = tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await {
                // One that breaks is as one that ends.
                drop(tokio::io::copy_bidirectional(&mut outside, &mut inside).await);
            }
        });
    }
}
