//! From what a server lists to a category of the catalog.

use std::{sync::Arc, time::SystemTime};

use rmcp::model::Implementation;
use tandem_catalog::{Backend, Category, Schema, Tool, ToolLimits};
use tandem_config::{UpstreamConfig, UpstreamToolPattern};
use tandem_package::{Affinity, Installed, Retry, Sha256Digest, TaskSupport};

use crate::{
    call::Mounted,
    definition::Definition,
    limits::{MAX_DESCRIPTION, MAX_SCHEMA, MAX_TITLE},
    link::Link,
    text::{clean, line},
};

/// What a server says of itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct About {
    pub(crate) title: Option<String>,
    pub(crate) version: String,
    pub(crate) instructions: String,
}

impl About {
    pub(crate) fn new(server: Option<&Implementation>, instructions: Option<&str>) -> Self {
        Self {
            title: server.map(|server| line(server.title.as_ref().unwrap_or(&server.name), MAX_TITLE)),
            version: server.map_or_else(String::new, |server| line(&server.version, MAX_TITLE)),
            instructions: clean(instructions.unwrap_or_default(), MAX_DESCRIPTION),
        }
    }
}

/// The priority that plugins have by default.
const PRIORITY: u8 = 5;

/// Why one tool is not mounted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LeftOut {
    #[error("its definition has more than {MAX_SCHEMA} bytes")]
    TooLarge,
    #[error("`{0}` is not a tool's name here; give it one with `upstreams.{1}.rename`")]
    Name(String, Arc<str>),
    #[error("invalid {0} schema: {1}")]
    Schema(&'static str, tandem_catalog::UnusableSchema),
}

/// Whether a tool is mounted.
pub(crate) fn is_selected(upstream: &UpstreamConfig, tool: &str) -> bool {
    let fits = |pattern: &UpstreamToolPattern| matches(pattern.as_str(), tool);
    (upstream.include.is_empty() || upstream.include.iter().any(fits)) && !upstream.exclude.iter().any(fits)
}

/// Whether a name fits a pattern, in which `*` stands for any part.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut name) = name.strip_prefix(start) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let Some(end) = parts.pop() else { return true };
    for part in parts {
        let Some((_, after)) = name.split_once(part) else { return false };
        name = after;
    }
    name.ends_with(end)
}

/// A server's category, and the tools that cannot be in it.
pub(crate) fn category(
    link: &Arc<Link>,
    about: &About,
    definitions: &[Definition],
) -> (Category, Vec<(String, LeftOut)>) {
    let upstream = &link.upstream;
    let name: Arc<str> = upstream.category.as_ref().map_or_else(|| link.name.clone(), |name| name.as_str().into());
    let backend = Backend::Upstream(Arc::new(Mounted(link.clone())));
    let (mut tools, mut left_out) = (Vec::new(), Vec::new());
    for definition in definitions {
        match tool(link, &name, definition, &backend) {
            Ok(tool) => tools.push(Arc::new(tool)),
            Err(why) => left_out.push((line(&definition.name, MAX_TITLE), why)),
        }
    }
    tools.sort_by(|a, b| a.descriptor.name.cmp(&b.descriptor.name));
    let digests: String = tools.iter().map(|tool| tool.digest.as_str()).collect();
    let digest = Sha256Digest::of(digests.as_bytes());
    let category = Category {
        file: link.name.to_string(),
        loaded_at: SystemTime::now(),
        name,
        plugin_name: link.name.clone(),
        title: about.title.clone().unwrap_or_else(|| link.name.to_string()),
        description: about.instructions.clone(),
        version: about.version.clone(),
        affinity: Affinity::General,
        prefers_reactor: false,
        requires_p2p: false,
        priority: PRIORITY,
        digest: digest.to_string(),
        installed: Installed {
            name: link.name.to_string(),
            version: about.version.parse().unwrap_or(semver::Version::new(0, 0, 0)),
            digest,
            signer: None,
        },
        tools,
        prompts: Vec::new(),
        resources: Vec::new(),
        resource_templates: Vec::new(),
        backend,
    };
    (category, left_out)
}

fn tool(link: &Link, category: &Arc<str>, definition: &Definition, backend: &Backend) -> Result<Tool, LeftOut> {
    if definition.is_too_large() {
        return Err(LeftOut::TooLarge);
    }
    let upstream = &link.upstream;
    let renamed = upstream.rename.iter().find(|(own, _)| own.as_str() == definition.name);
    let prefix = upstream.prefix.as_ref().map_or("", |prefix| prefix.as_str());
    let name = renamed.map_or_else(|| format!("{prefix}{}", definition.name), |(_, name)| name.to_string());
    if !tandem_types::is_tool_name(&name) {
        return Err(LeftOut::Name(line(&name, MAX_TITLE), link.name.clone()));
    }
    let descriptor = definition.descriptor(name);
    let input = Schema::compile(&descriptor.input_schema).map_err(|error| LeftOut::Schema("input", error))?;
    let output = descriptor.output_schema.as_ref().map(Schema::compile).transpose();
    let output = output.map_err(|error| LeftOut::Schema("output", error))?;
    Ok(Tool {
        own_name: definition.name.clone(),
        aliases: Vec::new(),
        category: category.clone(),
        affinity: Affinity::General,
        priority: PRIORITY,
        digest: definition.digest().to_string(),
        limits: ToolLimits {
            deadline: upstream.timeout.as_duration(),
            // Of another process: nothing of it is counted here.
            memory: 0,
            cpu: std::time::Duration::ZERO,
            output: upstream.output.as_u64(),
            concurrency: upstream.concurrency,
        },
        uses_client: false,
        // What a server says of its tools' effects is a hint, and no reason to do anything twice.
        retry: Retry::default(),
        cache_ttl: None,
        task: TaskSupport::Forbidden,
        backend: backend.clone(),
        input,
        output,
        descriptor,
    })
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_any_part_of_a_name() {
        for (pattern, name) in [
            ("*", "x"),
            ("read_*", "read_file"),
            ("*_file", "read_file"),
            ("r*d*e", "read_file"),
            ("a", "a"),
            ("a*", "a"),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("read", "read_file"), ("*file*x", "read_file"), ("b*", "ab"), ("*b", "ba")] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }
}
