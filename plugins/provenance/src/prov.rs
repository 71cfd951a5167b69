//! W3C PROV-JSON (Member Submission of 24 April 2013).

use serde_json::{Map, Value, json};

use crate::model::Hashed;

/// What names of ours stand under.
const NAMESPACE: &str = "urn:tandem:provenance:";

/// A name after the prefix, with everything but letters, digits, `-`, `.` and `_` as percent codes.
fn name(kind: &str, text: &str) -> String {
    let mut name = format!("tandem:{kind}.");
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_') {
            name.push(char::from(byte));
        } else {
            name.push_str(&format!("%{byte:02X}"));
        }
    }
    name
}

/// The document of some records.
pub(crate) fn document(records: &[Hashed]) -> Map<String, Value> {
    let mut sections: [(&str, Map<String, Value>); 7] =
        ["entity", "activity", "agent", "wasGeneratedBy", "used", "wasAssociatedWith", "wasDerivedFrom"]
            .map(|section| (section, Map::new()));
    let [entities, activities, agents, generated, used, associated, derived] = &mut sections;
    for Hashed { record, hash } in records {
        let (number, entity) = (record.sequence, name("entity", &record.entity));
        let activity = format!("tandem:activity.{number}");
        let mut about = json!({ "prov:label": record.entity });
        if !record.content_sha256.is_empty()
            && let Some(about) = about.as_object_mut()
        {
            about.insert("tandem:contentSha256".to_owned(), json!(record.content_sha256));
        }
        entities.1.insert(entity.clone(), about);
        activities.1.insert(
            activity.clone(),
            json!({
                "prov:label": record.activity, "prov:endTime": record.time, "tandem:description": record.description,
                "tandem:parameters": Value::Object(record.parameters.clone()).to_string(), "tandem:hash": hash,
            }),
        );
        let at = |kind: &str, part: usize| format!("_:{kind}{number}.{part}");
        let by = json!({ "prov:entity": entity, "prov:activity": activity, "prov:time": record.time });
        generated.1.insert(at("g", 0), by);
        for (part, input) in record.inputs.iter().enumerate() {
            let source = name("entity", input);
            entities.1.entry(source.clone()).or_insert_with(|| json!({ "prov:label": input }));
            used.1.insert(at("u", part), json!({ "prov:activity": activity, "prov:entity": source }));
            let link = json!({ "prov:generatedEntity": entity, "prov:usedEntity": source, "prov:activity": activity });
            derived.1.insert(at("d", part), link);
        }
        let agent = name("agent", &record.agent);
        agents.1.insert(agent.clone(), json!({ "prov:label": record.agent }));
        associated.1.insert(at("a", 0), json!({ "prov:activity": activity, "prov:agent": agent }));
    }
    let mut document = Map::new();
    document.insert("prefix".to_owned(), json!({ "tandem": NAMESPACE }));
    for (section, content) in sections {
        if !content.is_empty() {
            document.insert(section.to_owned(), Value::Object(content));
        }
    }
    document
}
