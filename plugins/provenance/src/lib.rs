//! The provenance category: which activity made what of what, as records that are linked by hashes, in the plugin's own `kv` store.
//!
//! **Promises.** What a call acknowledged is on disk, and has a number of its own. No tool changes or deletes records; what is changed
//! in the store by other means breaks the chain of hashes, which `provenance_verify` says.
//!
//! **Bounds.** All of them are in [`limits`], each with its reason.
//!
//! **Refuses.** Entities that no record names, with the nearest; lineage and export of a chain that is broken.

mod check;
mod limits;
mod lineage;
pub mod model;
mod prov;

use serde_json::Map;
use tandem_sdk::prelude::*;

use crate::limits::MAX_ANSWER_BYTES;
use crate::model::{Chain, Direction, Export, Lineage, Record, Recorded};

/// The category.
#[derive(Debug)]
pub struct Provenance;

#[tools]
impl Provenance {
    /// Records that an activity made an entity of others, and returns the record's number and hash. Records cannot be changed or deleted.
    #[tool(title = "Record provenance")]
    fn provenance_record(
        ctx: &Ctx,
        /// What was made or changed, as `sales-2026-clean.csv`; give versions names of their own.
        #[arg(min_length = 1, max_length = 500)]
        entity: String,
        /// What made it, as `remove duplicates`.
        #[arg(min_length = 1, max_length = 100)]
        activity: String,
        /// The entities that it was made of, at most 100, as `["sales-2026.csv"]`.
        #[arg(default)]
        inputs: Vec<String>,
        /// Who or what did it, as `ada@example.com`; the authenticated subject of this call unless given.
        #[arg(max_length = 500)]
        agent: Option<String>,
        /// The parameters of the activity, at most 8 KiB and 16 levels deep, as `{"keys": ["id"]}`.
        #[arg(default)]
        parameters: Map<String, Value>,
        /// A sentence for people.
        #[arg(default = String::new(), max_length = 1000)]
        description: String,
        /// SHA-256 of the entity's content, 64 hexadecimal digits, for `provenance_verify`.
        content_sha256: Option<String>,
    ) -> Result<Recorded> {
        check::inputs(&entity, &inputs)?;
        check::parameters(&parameters)?;
        let content_sha256 = check::sha256(content_sha256)?;
        let recorded_by = ctx.principal().subject;
        let agent = agent.unwrap_or_else(|| recorded_by.clone());
        let time = jiff::Timestamp::from_second(jiff::Timestamp::now().as_second())?.to_string();
        let (sequence, previous) = (0, String::new());
        let record = Record {
            sequence,
            time,
            entity,
            content_sha256,
            activity,
            inputs,
            agent,
            parameters,
            description,
            recorded_by,
            previous,
        };
        let new = tandem_hash_chain::append(|head| Record {
            sequence: head.sequence + 1,
            previous: head.hash.clone(),
            ..record.clone()
        })?;
        Ok(Recorded { sequence: new.entry.sequence, time: new.entry.time, hash: new.hash })
    }

    /// Returns the lineage of an entity, such as a model: which data it was made of, or with `derived` what was made of it, over several
    /// activities, with the records that say so.
    #[tool(read_only, idempotent, title = "Lineage of an entity")]
    fn provenance_lineage(
        ctx: &Ctx,
        /// The entity, as `sales-2026-clean.csv`.
        #[arg(min_length = 1, max_length = 500)]
        entity: &str,
        /// `sources`, unless given, or `derived`.
        direction: Option<Direction>,
        /// How many activities to follow.
        #[arg(default = 10, min = 1, max = 100)]
        depth: u32,
    ) -> Result<Lineage> {
        lineage::run(ctx, entity, direction.unwrap_or_default(), depth)
    }

    /// Checks by their hashes that no record was changed or removed and, with `entity` and `content_sha256`, that the content is that
    /// of the entity's last record.
    #[tool(read_only, idempotent, title = "Verify provenance")]
    fn provenance_verify(
        ctx: &Ctx,
        /// An entity, as `sales-2026-clean.csv`.
        #[arg(max_length = 500)]
        entity: Option<String>,
        /// SHA-256 of the content that it has now, 64 hexadecimal digits.
        content_sha256: Option<String>,
    ) -> Result<Chain> {
        if entity.is_some() != content_sha256.is_some() {
            return Err(Error::invalid_arguments("give `entity` and `content_sha256` together, or neither"));
        }
        let content = check::sha256(content_sha256)?;
        let mut last = None;
        let verified = tandem_hash_chain::verify::<Record>(ctx, |found| {
            if entity.as_ref() == Some(&found.entry.entity) {
                last = Some(found.entry.content_sha256);
            }
        })?;
        let mut chain = Chain::from(verified);
        if let Some(entity) = entity {
            let last: String = last.ok_or_else(|| Error::not_found(format!("no record made the entity `{entity}`")))?;
            if last.is_empty() {
                return Err(Error::not_found(format!("the last record of `{entity}` has no `content_sha256`")));
            }
            chain.content_matches = Some(last == content);
        }
        Ok(chain)
    }

    /// Exports records as a W3C PROV-JSON document: all of them, or those of the sources of one entity.
    #[tool(read_only, idempotent, title = "Export PROV-JSON")]
    fn provenance_export(
        ctx: &Ctx,
        /// The entity, as `sales-2026-clean.csv`; everything unless given.
        #[arg(max_length = 500)]
        entity: Option<String>,
    ) -> Result<Export> {
        /// Deeper than any lineage: there are fewer records.
        const ANY_DEPTH: u32 = u32::MAX;
        let (records, all) = match entity {
            Some(entity) => {
                let lineage = lineage::run(ctx, &entity, Direction::Sources, ANY_DEPTH)?;
                (lineage.records, !lineage.truncated)
            }
            None => lineage::whole(ctx, lineage::records(ctx)?.iter())?,
        };
        if !all {
            return Err(Error::invalid_arguments(format!(
                "the records have more than {MAX_ANSWER_BYTES} bytes: give an `entity` with fewer sources"
            )));
        }
        Ok(Export { document: prov::document(&records), records: records.len() as u64 })
    }
}

tandem_sdk::export!(Provenance);
