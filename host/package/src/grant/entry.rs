//! Single grants and their forms.

use std::{borrow::Cow, collections::BTreeSet, fmt, str::FromStr};

use ipnet::IpNet;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use tandem_document::string_or_table;
use tandem_types::{ByteSize, Setting, text::shown};

use crate::{http::HostError, http::HostPattern, http::HttpRule, http::Method, http::PathPrefix, plugin::FsMode};

/// What stands for the tenant's name in a path.
const TENANT: &str = "{tenant}";

/// Longest path, in bytes: Linux takes no longer one.
const MAX_PATH: usize = 4_095;

/// The path of a granted directory. A relative one counts from the configuration file's directory; `{tenant}` in it stands for
/// the tenant's name, and the host makes such a directory for each tenant; none climbs with `..`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct GrantPath(String);

impl GrantPath {
    /// The path of one tenant, if each has its own.
    #[must_use]
    pub fn of_tenant(&self, tenant: &str) -> Option<Self> {
        self.0.contains(TENANT).then(|| Self(self.0.replace(TENANT, tenant)))
    }

    /// Puts a directory before it, if it is relative and the directory is not empty.
    pub fn count_from(&mut self, directory: &str) {
        if !self.0.starts_with('/') && !directory.is_empty() {
            self.0 = tandem_types::below(directory, &self.0);
        }
    }

    /// The path.
    #[must_use]
    pub fn as_path(&self) -> &std::path::Path {
        self.0.as_ref()
    }
}

impl fmt::Display for GrantPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for GrantPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let path = String::deserialize(deserializer)?;
        let climbs = path.split(['/', '\\']).any(|part| part == "..");
        if path.is_empty() || path.len() > MAX_PATH || path.chars().any(char::is_control) || climbs {
            let message = format!("`{}` is not a valid path of a grant; write a plain path without `..`", shown(&path));
            return Err(de::Error::custom(message));
        }
        Ok(Self(path))
    }
}

/// A directory: `"data"` (read-only) or `{ path = "data", mode = "read-write" }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FsGrant {
    /// The directory's path.
    pub path: GrantPath,
    /// What may be done there.
    pub mode: FsMode,
    /// What it may hold in all files; 1 GiB unless given.
    #[serde(rename = "max-bytes", skip_serializing_if = "Option::is_none")]
    pub max_bytes: Option<ByteSize>,
    /// Files, directories and links that it may hold; 100,000 unless given.
    #[serde(rename = "max-files", skip_serializing_if = "Option::is_none")]
    pub max_files: Option<u64>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct FsTable {
    path: GrantPath,
    #[serde(default)]
    mode: FsMode,
    /// Quota: bytes of all files in the directory.
    max_bytes: Option<ByteSize>,
    /// Quota: files and directories in the directory.
    max_files: Option<u64>,
}

impl<'de> Deserialize<'de> for FsGrant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let short = |path| Self { path, mode: FsMode::ReadOnly, max_bytes: None, max_files: None };
        let table = |table: FsTable| {
            let FsTable { path, mode, max_bytes, max_files } = table;
            Self { path, mode, max_bytes, max_files }
        };
        string_or_table(deserializer, "a path, or a table with `path` and `mode`", short, table)
    }
}

impl JsonSchema for FsGrant {
    fn schema_name() -> Cow<'static, str> {
        "FsGrant".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (path, table) = (generator.subschema_for::<GrantPath>(), generator.subschema_for::<FsTable>());
        json_schema!({ "anyOf": [path, table] })
    }
}

/// Outgoing HTTP: `"host"`, `"host:port"`, or a table. A grant of an IP address reaches that address also
/// where it is not public: nothing else can be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpGrant(pub HttpRule);

impl HttpGrant {
    fn new(mut rule: HttpRule) -> Self {
        if let HostPattern::Ip(address) = rule.host
            && !rule.allows_private(address)
        {
            rule.allow_cidrs.push(IpNet::from(address));
        }
        Self(rule)
    }
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct HttpTable {
    host: HostPattern,
    /// The port; 80 and 443 unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    /// The methods; every one unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    methods: Option<BTreeSet<Method>>,
    /// The path prefix of requests; every path unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<PathPrefix>,
    /// Private networks that may be reached, in CIDR notation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    allow_cidrs: Vec<Network>,
}

/// A network as `10.0.0.0/8`.
#[derive(Serialize, JsonSchema)]
#[serde(transparent)]
struct Network(#[schemars(with = "String")] IpNetText);

#[derive(Clone, Copy)]
struct IpNetText(IpNet);

impl Serialize for IpNetText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let message =
            || format!("`{}` is not a network; write an address and a prefix length, as `10.0.0.0/8`", shown(&text));
        let network: IpNet = text.parse().map_err(|_| de::Error::custom(message()))?;
        // A mapped network would never be met: addresses are compared in their own family.
        if matches!(network, IpNet::V6(mapped) if mapped.network().to_ipv4_mapped().is_some()) {
            return Err(de::Error::custom("write networks of ipv4 in their usual form, as `10.0.0.0/8`"));
        }
        Ok(Self(IpNetText(network.trunc())))
    }
}

/// The short form.
struct HostAndPort(HttpRule);

impl FromStr for HostAndPort {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, HostError> {
        let split = text.rsplit_once(':').filter(|(host, _)| !host.contains(':') || host.ends_with(']'));
        match split.and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?))) {
            Some((host, port)) => Ok(Self(HttpRule { port: Some(port), ..HttpRule::host(host.parse()?) })),
            None => Ok(Self(HttpRule::host(text.parse()?))),
        }
    }
}

impl<'de> Deserialize<'de> for HostAndPort {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for HttpGrant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let short = |HostAndPort(rule)| Self::new(rule);
        let table = |table: HttpTable| {
            Self::new(HttpRule {
                host: table.host,
                port: table.port,
                methods: table.methods,
                path: table.path,
                allow_cidrs: table.allow_cidrs.into_iter().map(|network| network.0.0).collect(),
            })
        };
        string_or_table(deserializer, "`host`, `host:port`, or a table with `host`", short, table)
    }
}

impl Serialize for HttpGrant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rule = self.0.clone();
        let allow_cidrs = rule.allow_cidrs.into_iter().map(|network| Network(IpNetText(network))).collect();
        HttpTable { host: rule.host, port: rule.port, methods: rule.methods, path: rule.path, allow_cidrs }
            .serialize(serializer)
    }
}

impl JsonSchema for HttpGrant {
    fn schema_name() -> Cow<'static, str> {
        "HttpGrant".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let table = generator.subschema_for::<HttpTable>();
        json_schema!({ "anyOf": [{ "type": "string", "description": "`host` or `host:port`" }, table] })
    }
}

/// An environment variable: `"value"`, or `{ inherit = true }` for the host's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnvGrant {
    /// This value.
    Value(Setting),
    /// The value that the host itself has. Loading a configuration puts it in; one that stays has none.
    Inherit,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct InheritTable {
    /// The value is the one in the host's own environment.
    inherit: bool,
}

impl Serialize for EnvGrant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(value) => value.serialize(serializer),
            Self::Inherit => InheritTable { inherit: true }.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for EnvGrant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = EnvGrant;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string, or `{ inherit = true }`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<EnvGrant, E> {
                Ok(EnvGrant::Value(Setting::clear(text)))
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<EnvGrant, D::Error> {
                String::deserialize(deserializer).map(|text| EnvGrant::Value(Setting::hidden(text)))
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<EnvGrant, A::Error> {
                let table = InheritTable::deserialize(de::value::MapAccessDeserializer::new(map))?;
                let useless = || de::Error::custom("`inherit = false` grants nothing; leave the variable out");
                table.inherit.then_some(EnvGrant::Inherit).ok_or_else(useless)
            }
        }

        deserializer.deserialize_newtype_struct(tandem_types::MASKABLE, Visitor)
    }
}

impl JsonSchema for EnvGrant {
    fn schema_name() -> Cow<'static, str> {
        "EnvGrant".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let table = generator.subschema_for::<InheritTable>();
        json_schema!({ "anyOf": [{ "type": "string" }, table] })
    }
}
