use std::sync::OnceLock;

use proptest::prelude::*;
use serde_json::json;
use tandem_types::canonical_json;

use super::*;
use crate::{
    Annotations, FormatError, MAX_SCHEMA, MAX_SECTION, MAX_TOOLS, PromptArgument, PromptDescriptor, ResourceDescriptor,
    ToolDescriptor,
};

/// A component by hand: the preamble and two custom sections.
fn component() -> Vec<u8> {
    let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
    bytes.extend_from_slice(b"\0\x0a\x04nameabcde");
    bytes.extend_from_slice(b"\0\x0d\x09producers123");
    bytes
}

fn tool(name: &str) -> ToolDescriptor {
    ToolDescriptor {
        name: name.into(),
        title: None,
        description: "Does it.".into(),
        input_schema: json!({ "type": "object", "properties": { "x": { "type": "number", "maximum": 0.1 } } }),
        output_schema: None,
        annotations: Annotations::default(),
        meta: None,
    }
}

fn descriptors() -> Descriptors {
    Descriptors { tools: vec![tool("b"), tool("a")], ..Descriptors::default() }
}

fn manifest() -> PluginManifest {
    let text = "[plugin]\nname = 'dataset'\nversion = '1.2.0'\ndescription = 'Tables.'\n[tools.a]\ndeadline = '2m'\n";
    PluginManifest::parse("plugin.toml", text).unwrap()
}

fn packed() -> Vec<u8> {
    Package::pack(&component(), &manifest(), &descriptors()).unwrap()
}

fn key() -> &'static KeyPair {
    static KEY: OnceLock<KeyPair> = OnceLock::new();
    KEY.get_or_init(|| KeyPair::generate().unwrap())
}

fn roots() -> &'static TrustRoots {
    static ROOTS: OnceLock<TrustRoots> = OnceLock::new();
    ROOTS.get_or_init(|| TrustRoots::from_pems([("key.pub", key().public_pem().unwrap().as_str())]).unwrap())
}

fn signed() -> &'static [u8] {
    static SIGNED: OnceLock<Vec<u8>> = OnceLock::new();
    SIGNED.get_or_init(|| Package::sign(&packed(), key()).unwrap())
}

fn open(file: &[u8]) -> Result<Package, PackageError> {
    Package::open(file, roots(), SignaturePolicy::Required)
}

/// The sections of a file as (start, end), found by an independent parser.
fn sections(file: &[u8]) -> Vec<(String, std::ops::Range<usize>)> {
    let mut found = Vec::new();
    let mut start = 8;
    for payload in wasmparser::Parser::new(0).parse_all(file) {
        if let wasmparser::Payload::CustomSection(section) = payload.unwrap() {
            let end = section.range().end;
            found.push((section.name().to_owned(), start..end));
            start = end;
        }
    }
    found
}

#[test]
fn a_signed_package_gives_back_what_was_packed() {
    let package = open(signed()).unwrap();
    assert_eq!(package.manifest, manifest());
    assert_eq!(package.descriptors.tools.iter().map(|tool| tool.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(package.key_id, Some(key().id()));
    assert_eq!(package.component(signed()), component());
    assert_eq!(package.component_digest, Sha256Digest::of(&component()));
    assert_eq!(Package::inspect(signed(), roots()).unwrap(), (package, SignatureState::Valid(key().id())));
}

#[test]
fn the_file_stays_a_component_for_others() {
    let names: Vec<String> = sections(signed()).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["name", "producers", "tandem:manifest", "tandem:descriptors", "tandem:signature"]);
}

#[test]
fn the_same_input_gives_the_same_file() {
    assert_eq!(packed(), packed());
    assert_eq!(Package::sign(&packed(), key()).unwrap(), signed());
}

#[test]
fn signatures_are_asked_for() {
    assert_eq!(open(&packed()), Err(PackageError::Unsigned));
    let unsigned = Package::open(&packed(), &TrustRoots::none(), SignaturePolicy::AllowUnsigned).unwrap();
    assert_eq!(unsigned.key_id, None);
    for policy in [SignaturePolicy::Required, SignaturePolicy::AllowUnsigned] {
        let error = Package::open(signed(), &TrustRoots::none(), policy).unwrap_err();
        assert_eq!(error, PackageError::UnknownKey(key().id()));
    }
    let (_, state) = Package::inspect(signed(), &TrustRoots::none()).unwrap();
    assert_eq!(state, SignatureState::UnknownKey(key().id()));
}

#[test]
fn packing_and_signing_twice_is_said() {
    assert_eq!(Package::pack(&packed(), &manifest(), &descriptors()), Err(PackageError::AlreadyPacked));
    assert_eq!(Package::sign(signed(), key()), Err(PackageError::AlreadySigned(key().id())));
    assert_eq!(Package::repack(signed(), &manifest(), &descriptors()).unwrap(), packed());
    assert_eq!(Package::sign(&component(), key()), Err(PackageError::Missing(Part::Manifest)));
    let module = b"\0asm\x01\0\0\0";
    assert_eq!(Package::pack(module, &manifest(), &descriptors()), Err(FormatError::CoreModule.into()));
    assert_eq!(open(&component()), Err(PackageError::Missing(Part::Manifest)));
}

#[test]
fn every_flipped_bit_is_refused() {
    for at in 0..signed().len() {
        for bit in 0..8 {
            let mut file = signed().to_vec();
            file[at] ^= 1 << bit;
            assert!(open(&file).is_err(), "bit {bit} of byte {at}");
        }
    }
}

#[test]
fn every_truncation_is_refused() {
    for length in 0..signed().len() {
        assert!(open(&signed()[..length]).is_err(), "{length} bytes");
    }
}

#[test]
fn swapped_sections_are_refused() {
    let file = signed();
    let parts = sections(file);
    for one in 0..parts.len() {
        for two in one + 1..parts.len() {
            let mut order: Vec<usize> = (0..parts.len()).collect();
            order.swap(one, two);
            let swapped = order.iter().fold(file[..8].to_vec(), |mut swapped, index| {
                swapped.extend_from_slice(&file[parts[*index].1.clone()]);
                swapped
            });
            assert!(open(&swapped).is_err(), "{} and {}", parts[one].0, parts[two].0);
        }
    }
}

#[test]
fn a_section_again_is_refused_also_without_signature() {
    let file = packed();
    for (name, range) in sections(&file).into_iter().filter(|(name, _)| name.starts_with("tandem:")) {
        let twice = [file.as_slice(), &file[range]].concat();
        let error = Package::open(&twice, roots(), SignaturePolicy::AllowUnsigned).unwrap_err();
        assert!(matches!(error, PackageError::Format(FormatError::Duplicate(part)) if part.name() == name), "{error}");
    }
}

#[test]
fn nested_sections_are_not_ours() {
    // A component within the component that carries a manifest of its own.
    let mut outer = b"\0asm\x0d\0\x01\0\x04".to_vec();
    let inner = packed();
    outer.extend_from_slice(&[(inner.len() & 0x7f) as u8 | 0x80, u8::try_from(inner.len() >> 7).unwrap()]);
    outer.extend_from_slice(&inner);
    assert_eq!(
        Package::open(&outer, roots(), SignaturePolicy::AllowUnsigned),
        Err(PackageError::Missing(Part::Manifest))
    );
    let package = Package::sign(&Package::pack(&outer, &manifest(), &descriptors()).unwrap(), key()).unwrap();
    assert_eq!(open(&package).unwrap().component_len, outer.len());
}

#[test]
fn another_keys_signature_does_not_pass_under_a_trusted_id() {
    let other = KeyPair::generate().unwrap();
    let mut file = Package::sign(&packed(), &other).unwrap();
    assert_eq!(open(&file), Err(PackageError::UnknownKey(other.id())));
    let id = signed().len() - 64 - 8;
    file[id..id + 8].copy_from_slice(&signed()[id..id + 8]);
    assert_eq!(open(&file), Err(PackageError::SignatureMismatch(key().id())));
}

#[test]
fn sections_that_are_not_canonical_are_refused() {
    let spaced = String::from_utf8(manifest().to_section()).unwrap().replace("\":", "\": ");
    let mut file = component();
    append(&mut file, Part::Manifest, spaced.as_bytes()).unwrap();
    append(&mut file, Part::Descriptors, &canonical_json(&descriptors())).unwrap();
    let error = Package::open(&file, roots(), SignaturePolicy::AllowUnsigned).unwrap_err();
    assert_eq!(error, PackageError::Manifest(crate::SectionError::NotCanonical));
}

#[test]
fn descriptors_keep_their_rules() {
    let problem = |change: &dyn Fn(&mut Descriptors)| {
        let mut changed = descriptors();
        change(&mut changed);
        Package::pack(&component(), &manifest(), &changed).unwrap_err().to_string()
    };
    assert!(problem(&|d| d.tools[0].name = "a b".into()).contains("tool `a b`: the name must be"));
    assert!(problem(&|d| d.tools[0].name = "a".into()).contains("tool `a`: it comes twice"));
    assert!(problem(&|d| d.tools[0].input_schema = json!({ "type": "array" })).contains("\"type\": \"object\""));
    assert!(problem(&|d| d.tools[0].input_schema = json!(true)).contains("input schema"));
    assert!(problem(&|d| d.tools[0].output_schema = Some(json!({}))).contains("output schema"));
    assert!(problem(&|d| d.tools[0].meta = Some(json!([]))).contains("meta must be a JSON object"));
    assert!(problem(&|d| d.tools[0].meta = Some(json!({ "tandem/task": "maybe" }))).contains("\"required\""));
    let large = json!({ "type": "object", "description": "x".repeat(MAX_SCHEMA) });
    assert!(problem(&|d| d.tools[0].input_schema = large.clone()).contains("the limit is 65536"));
    let many = |d: &mut Descriptors| d.tools = (0..=MAX_TOOLS).map(|index| tool(&format!("t{index}"))).collect();
    assert!(problem(&many).contains("there are 1001 of them"));
    let prompt = |arguments: &[&str]| PromptDescriptor {
        name: "p".into(),
        title: None,
        description: None,
        arguments: arguments
            .iter()
            .map(|name| PromptArgument { name: (*name).into(), description: None, required: false })
            .collect(),
    };
    assert!(problem(&|d| d.prompts = vec![prompt(&["x", "x"])]).contains("`x` comes twice"));
    let resource = |uri: &str| ResourceDescriptor {
        uri: uri.into(),
        name: "r".into(),
        title: None,
        description: None,
        mime_type: None,
    };
    assert!(problem(&|d| d.resources = vec![resource("no scheme")]).contains("a URI has a scheme"));
    assert!(problem(&|d| d.tools = vec![tool("aa")]).contains("did you mean `aa`?"), "the manifest adjusts tool `a`");
}

#[test]
fn descriptors_out_of_order_are_refused_on_opening() {
    let mut file = component();
    append(&mut file, Part::Manifest, &manifest().to_section()).unwrap();
    append(&mut file, Part::Descriptors, &canonical_json(&descriptors())).unwrap();
    let error = Package::open(&file, roots(), SignaturePolicy::AllowUnsigned).unwrap_err();
    assert!(error.to_string().contains("tool `a`: it is out of order"), "{error}");
}

#[test]
fn the_tool_digest_follows_the_interface_only() {
    let digest = descriptors().tool_digest("a").unwrap();
    assert!(digest.starts_with("bafkrei") && digest.parse::<tandem_types::ContentId>().is_ok(), "{digest}");
    assert_eq!(descriptors().tool_digest("none"), None);
    let mut changed = tool("a");
    changed.description = "Does it well.".into();
    assert_eq!(changed.digest(), digest);
    changed.annotations.read_only = true;
    assert_ne!(changed.digest(), digest);
    assert_ne!(tool("b").digest(), digest);
}

#[test]
fn a_file_that_is_too_large_is_refused_unread() {
    let file = vec![0; MAX_FILE + 1];
    assert_eq!(open(&file), Err(PackageError::TooLarge { size: MAX_FILE + 1 }));
    let mut section = component();
    let error = append(&mut section, Part::Manifest, &vec![0; MAX_SECTION + 1]).unwrap_err();
    assert_eq!(error, FormatError::TooLarge { part: Part::Manifest, size: MAX_SECTION + 1 });
}

proptest! {
    #[test]
    fn anything_appended_is_refused(tail in proptest::collection::vec(any::<u8>(), 1..60)) {
        prop_assert!(open(&[signed(), &tail].concat()).is_err());
    }

    #[test]
    fn an_appended_section_is_refused(id in 0u8..13, body in proptest::collection::vec(any::<u8>(), 0..60)) {
        let mut file = signed().to_vec();
        file.extend_from_slice(&[id, u8::try_from(body.len()).unwrap()]);
        file.extend_from_slice(&body);
        prop_assert!(open(&file).is_err());
    }

    #[test]
    fn an_inserted_section_is_refused(at in 0usize..5, body in "[a-z]{1,20}") {
        let file = signed();
        let start = sections(file)[at].1.start;
        let length = u8::try_from(body.len()).unwrap();
        let section = [&[0, length + 1, length], body.as_bytes()].concat();
        prop_assert!(open(&[&file[..start], &section, &file[start..]].concat()).is_err());
    }

    #[test]
    fn any_bytes_are_opened_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Package::open(&bytes, roots(), SignaturePolicy::AllowUnsigned);
        let _ = Package::open(&[&component(), bytes.as_slice()].concat(), roots(), SignaturePolicy::AllowUnsigned);
        let mut file = component();
        append(&mut file, Part::Manifest, &bytes).unwrap();
        append(&mut file, Part::Descriptors, &bytes).unwrap();
        prop_assert!(Package::open(&file, roots(), SignaturePolicy::AllowUnsigned).is_err());
    }
}
