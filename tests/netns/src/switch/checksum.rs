//! The checksums that a virtual cable leaves out.
//!
//! The kernel leaves the checksum of TCP and UDP to the network card, and a virtual one never makes it: frames that pass
//! through user space would all be refused at the other end. (`ethtool -K … tx off` would do as well, where there is an
//! `ethtool`.)

use etherparse::{NetSlice, SlicedPacket, TransportSlice};

/// Bytes of the Ethernet header; the cables carry no VLANs.
const ETHERNET: usize = 14;
/// Where a header's checksum is, from its first byte.
const TCP: usize = 16;
const UDP: usize = 6;

/// Fills in the checksum of a frame with TCP or UDP over IPv4, if it is whole.
pub(super) fn complete(frame: &mut [u8]) {
    let Some((at, sum)) = missing(frame) else { return };
    if let Some(place) = frame.get_mut(at..at + 2) {
        place.copy_from_slice(&sum.to_be_bytes());
    }
}

fn missing(frame: &[u8]) -> Option<(usize, u16)> {
    let packet = SlicedPacket::from_ethernet(frame).ok()?;
    let Some(NetSlice::Ipv4(net)) = &packet.net else { return None };
    if net.header().is_fragmenting_payload() {
        return None;
    }
    let (from, to) = (net.header().source(), net.header().destination());
    let (field, sum) = match packet.transport? {
        TransportSlice::Tcp(tcp) => (TCP, tcp.calc_checksum_ipv4(from, to).ok()?),
        TransportSlice::Udp(udp) if udp.checksum() != 0 => {
            (UDP, udp.to_header().calc_checksum_ipv4_raw(from, to, udp.payload()).ok()?)
        }
        _ => return None,
    };
    Some((ETHERNET + net.header().slice().len() + field, sum))
}
