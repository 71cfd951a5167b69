use base64::{Engine, prelude::BASE64_STANDARD};
use libp2p_core::{PeerRecord, SignedEnvelope};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::discovery::{
    record::{MAX_METADATA, MAX_TOOLS, next_sequence},
    testing::{MINUTE, NOW, announcement, document, key, record, record_at, resigned},
};

fn policy() -> AddressPolicy {
    AddressPolicy::new(PeerId::random(), Reach::default())
}

#[test]
fn what_is_signed_comes_back() {
    let (key, id) = key();
    let made = record(&key, &["/ip4/8.8.8.8/tcp/4001", "/ip4/8.8.8.8/udp/4001/quic-v1"]);
    let read = HostRecord::decode(made.text().as_bytes()).unwrap();
    assert_eq!(read, made);
    assert_eq!((read.peer(), read.sequence(), read.capacity(), read.free()), (id, 7, 4, 3));
    assert_eq!(read.tools(), ["a_tool", "b_tool"]);
    assert_eq!(read.metadata()["region"], "north");
    assert_eq!(read.addresses().len(), 2);
    assert_eq!(read.expires_at(), NOW.after(30 * MINUTE));
    read.check(&policy(), Reach::default(), None, NOW).unwrap();
    read.check(&policy(), Reach::default(), Some(6), NOW).unwrap();
}

#[test]
fn others_can_read_the_addresses() {
    let (key, id) = key();
    let document = document(&record(&key, &["/ip4/8.8.8.8/tcp/4001"]));
    let envelope = BASE64_STANDARD.decode(document["body"]["routing"].as_str().unwrap()).unwrap();
    let envelope = SignedEnvelope::from_protobuf_encoding(&envelope).unwrap();
    // The registered payload type of peer records, and what go and js sign under.
    assert!(envelope.payload_and_signing_key("libp2p-peer-record".into(), &[3, 1]).is_ok());
    assert_eq!(PeerRecord::from_signed_envelope_interop(envelope).unwrap().peer_id(), id);
}

#[test]
fn a_later_versions_fields_are_signed_and_left_alone() {
    let (key, _) = key();
    let record = record(&key, &[]);
    let text = resigned(&record, &key, |body| body["load"] = json!(0.25));
    assert!(HostRecord::decode(&text).is_ok());
    let text = String::from_utf8(text).unwrap().replace("0.25", "0.75");
    assert_eq!(HostRecord::decode(text.as_bytes()), Err(RecordError::BadSignature));
}

#[test]
fn every_changed_field_breaks_the_signature() {
    let (key, _) = key();
    let record = record(&key, &[]);
    for (field, value) in [
        ("sequence", json!(8)),
        ("issued_at", json!(1)),
        ("expires_at", json!(NOW.0 + 1)),
        ("tools", json!(["c_tool"])),
        ("capacity", json!(5)),
        ("free", json!(4)),
        ("metadata", json!({})),
    ] {
        let mut document = document(&record);
        document["body"][field] = value;
        assert_eq!(HostRecord::decode(document.to_string().as_bytes()), Err(RecordError::BadSignature), "{field}");
    }
}

#[test]
fn only_the_host_itself_speaks_for_it() {
    let ((victim_key, victim), (key, attacker)) = (key(), key());
    let good = record(&victim_key, &["/ip4/8.8.8.8/tcp/1"]);
    // Signed with the attacker's key, in the victim's name.
    let refused = mismatch(victim, attacker);
    assert_eq!(HostRecord::decode(&resigned(&good, &key, |_| ())), Err(refused));
    // The victim's key is named, but the attacker signed.
    let mut forged: Value = serde_json::from_slice(&resigned(&good, &key, |_| ())).unwrap();
    forged["key"] = document(&good)["key"].clone();
    assert_eq!(HostRecord::decode(forged.to_string().as_bytes()), Err(RecordError::BadSignature));
    // The victim's addresses in the attacker's record, and the other way round.
    let mine = record(&key, &["/ip4/9.9.9.9/tcp/1"]);
    let theirs = document(&good)["body"]["routing"].clone();
    let stolen = resigned(&mine, &key, |body| body["routing"] = theirs);
    let refused = mismatch(attacker, victim);
    assert_eq!(HostRecord::decode(&stolen), Err(refused));
}

#[test]
fn a_broken_peer_record_is_refused() {
    let (key, _) = key();
    let good = record(&key, &["/ip4/8.8.8.8/tcp/1"]);
    let mut routing = BASE64_STANDARD.decode(document(&good)["body"]["routing"].as_str().unwrap()).unwrap();
    *routing.last_mut().unwrap() ^= 1;
    let text = resigned(&good, &key, |body| body["routing"] = json!(BASE64_STANDARD.encode(routing)));
    assert_eq!(HostRecord::decode(&text), Err(RecordError::BadSignature));
    // The form that only rust knew has another payload type.
    let legacy = PeerRecord::new(&key, vec![]).unwrap().into_signed_envelope().into_protobuf_encoding();
    let text = resigned(&good, &key, |body| body["routing"] = json!(BASE64_STANDARD.encode(legacy)));
    assert!(matches!(HostRecord::decode(&text), Err(RecordError::Form(_))));
}

#[test]
fn old_records_do_not_come_back() {
    let (key, _) = key();
    let record = record(&key, &[]);
    for known in [7, 8] {
        let refused = RecordError::NotNewer { sequence: 7, known };
        assert_eq!(record.check(&policy(), Reach::default(), Some(known), NOW), Err(refused));
    }
    let next = next_sequence(Some(7), UnixMillis(3));
    assert_eq!(next, 8);
    assert_eq!(next_sequence(None, NOW), NOW.0);
    assert!(next_sequence(Some(u64::MAX), NOW) < 1 << 53);
}

#[test]
fn records_have_their_time() {
    let (key, _) = key();
    let check = |record: &HostRecord, now| record.check(&policy(), Reach::default(), None, now);
    let good = record(&key, &[]);
    assert_eq!(check(&good, NOW.after(30 * MINUTE)), Err(RecordError::Expired));
    assert!(check(&good, NOW.after(29 * MINUTE)).is_ok());
    let ahead = |minutes: u32| record_at(&key, 7, NOW.after(minutes * MINUTE));
    assert!(check(&ahead(5), NOW).is_ok());
    assert_eq!(check(&ahead(6), NOW), Err(RecordError::FutureDated));

    let too_long = Announcement { ttl: MAX_LIFETIME + MINUTE, ..announcement(&[]) };
    assert_eq!(HostRecord::sign(&key, too_long).err(), Some(RecordError::ExpiryTooFar));
    let expiring =
        |at: UnixMillis| HostRecord::decode(&resigned(&good, &key, |body| body["expires_at"] = json!(at.0))).unwrap();
    assert!(check(&expiring(NOW.after(MAX_LIFETIME)), NOW).is_ok());
    assert_eq!(check(&expiring(NOW.after(MAX_LIFETIME + MINUTE)), NOW), Err(RecordError::ExpiryTooFar));
    assert_eq!(check(&expiring(UnixMillis((1 << 53) - 1)), NOW), Err(RecordError::ExpiryTooFar));
    assert_eq!(check(&expiring(UnixMillis(NOW.0 - 1)), UnixMillis(NOW.0 - 9)), Err(RecordError::Expired));
}

#[test]
fn addresses_keep_to_the_policy() {
    let (key, id) = key();
    let refused = |text: &str, policy: &AddressPolicy| {
        let check = |addresses: &[&str]| record(&key, addresses).check(policy, Reach::default(), None, NOW);
        let right = "/ip4/8.8.8.8/tcp/1";
        assert_eq!(check(&[text, right, text]), Ok(vec![right.parse().unwrap()]), "{text} costs the others nothing");
        match check(&[text]) {
            Err(RecordError::Address { reason, .. }) => Some(reason),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refused("/ip4/127.0.0.1/tcp/1", &policy()), Some(AddressError::Loopback));
    assert_eq!(refused("/ip4/10.0.0.1/tcp/1", &policy()), Some(AddressError::Private));
    let other = format!("/ip4/8.8.8.8/tcp/1/p2p/{}", PeerId::random());
    assert_eq!(refused(&other, &policy()), Some(AddressError::OtherPeer));
    let mut ours = policy();
    ours.set_own_addresses([&"/ip4/1.2.3.4/tcp/4001".parse().unwrap()]);
    assert_eq!(refused("/ip4/1.2.3.4/tcp/4001", &ours), Some(AddressError::Own));
    // A record of this host comes back to it.
    let own = AddressPolicy::new(id, Reach::default());
    assert!(matches!(
        record(&key, &[]).check(&own, Reach::default(), None, NOW),
        Err(RecordError::Address { reason: AddressError::Own, .. })
    ));
}

#[test]
fn more_than_the_bounds_is_refused() {
    let (key, _) = key();
    let many = vec!["/ip4/8.8.8.8/tcp/1"; MAX_ADDRESSES + 1];
    assert_eq!(HostRecord::sign(&key, announcement(&many)).err(), Some(RecordError::TooManyAddresses));
    let addresses = many.iter().map(|text| text.parse().unwrap()).collect();
    let routing = PeerRecord::new_interop(&key, addresses).unwrap().into_signed_envelope().into_protobuf_encoding();
    let good = record(&key, &[]);
    let text = resigned(&good, &key, |body| body["routing"] = json!(BASE64_STANDARD.encode(routing)));
    assert_eq!(HostRecord::decode(&text), Err(RecordError::TooManyAddresses));

    let tools: Vec<String> = (0..=MAX_TOOLS).map(|index| format!("t{index}")).collect();
    let long: BTreeMap<_, _> = [("k".to_owned(), "v".repeat(257))].into();
    let many: BTreeMap<_, _> = (0..=MAX_METADATA).map(|index| (index.to_string(), String::new())).collect();
    for (field, value) in [
        ("tools", json!(tools)),
        ("tools", json!(["a tool"])),
        ("metadata", json!(long)),
        ("metadata", json!(many)),
        ("free", json!(5)),
        ("sequence", json!(1_u64 << 53)),
        ("format", json!("tandem-host-record/2")),
    ] {
        let text = resigned(&good, &key, |body| body[field] = value);
        assert!(matches!(HostRecord::decode(&text), Err(RecordError::Form(_))), "{field}");
    }
    let tools = (0..MAX_TOOLS).map(|index| format!("{index:064}")).collect();
    assert_eq!(HostRecord::sign(&key, Announcement { tools, ..announcement(&[]) }).err(), Some(RecordError::TooLarge));
    assert_eq!(HostRecord::decode(&vec![b' '; MAX_RECORD + 1]), Err(RecordError::TooLarge));
    let deep = "[".repeat(MAX_RECORD);
    assert!(matches!(HostRecord::decode(deep.as_bytes()), Err(RecordError::Form(_))));
    assert!(matches!(HostRecord::decode(b"\xff"), Err(RecordError::Form(_))));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        prop_assert!(HostRecord::decode(&bytes).is_err());
    }

    #[test]
    fn no_routing_makes_it_panic(routing in proptest::collection::vec(any::<u8>(), 0..200), keep in any::<bool>()) {
        let key = Keypair::ed25519_from_bytes([7; 32]).unwrap();
        let good = record(&key, &["/ip4/8.8.8.8/tcp/1"]);
        let mut bytes = routing;
        if keep {
            // A right beginning leads further in.
            let right = BASE64_STANDARD.decode(document(&good)["body"]["routing"].as_str().unwrap()).unwrap();
            let at = bytes.len().min(right.len());
            bytes = [&right[..right.len() - at], &bytes[..at]].concat();
        }
        prop_assume!(!bytes.is_empty());
        let text = resigned(&good, &key, |body| body["routing"] = json!(BASE64_STANDARD.encode(bytes)));
        let _ = HostRecord::decode(&text);
    }

    #[test]
    fn no_changed_byte_is_believed(at in any::<prop::sample::Index>(), flip in 1_u8..) {
        let key = Keypair::ed25519_from_bytes([7; 32]).unwrap();
        let good = record(&key, &["/ip4/8.8.8.8/tcp/1"]);
        let mut bytes = good.text().as_bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        // What is still read says the same.
        if let Ok(read) = HostRecord::decode(&bytes) {
            let read = HostRecord { text: good.text().to_owned(), ..read };
            prop_assert_eq!(read, good);
        }
    }
}
