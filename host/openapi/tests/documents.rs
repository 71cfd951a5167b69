//! Documents in the shape of public ones, and hostile ones.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

use std::{fs, path::Path};

use serde_json::{Value, json};
use tandem_openapi::{Import, ImportError, MAX_DOCUMENT, MAX_TOOL, Options, import};
use tandem_operations::{AuthPlace, Field, Operation, PreparedBody, Tool, prepare};
use tandem_package::PluginManifest;

fn document(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)).unwrap()
}

fn imported(name: &str) -> Import {
    import(&document(name), &Options::default()).unwrap()
}

fn tool<'i>(import: &'i Import, name: &str) -> &'i Tool {
    import.operations.tools.get(name).unwrap_or_else(|| panic!("{:?}", import.operations.tools.keys()))
}

fn names(import: &Import) -> Vec<&str> {
    import.operations.tools.keys().map(String::as_str).collect()
}

fn notes(import: &Import) -> Vec<String> {
    import.notes.iter().map(ToString::to_string).collect()
}

fn url(operation: &Operation, arguments: Value) -> String {
    prepare(operation, arguments.as_object().unwrap()).unwrap().url
}

fn manifest(import: &Import) -> PluginManifest {
    PluginManifest::parse("plugin.toml", &import.manifest).unwrap()
}

/// A document of a GET of this path, with these parameters.
fn get(path: &str, parameters: Value) -> Vec<u8> {
    let operation = json!({ "operationId": "get", "parameters": parameters, "responses": {} });
    let mut paths = json!({});
    paths[path] = json!({ "get": operation });
    json!({ "openapi": "3.0.0", "info": { "title": "t", "version": "1" }, "servers": [{ "url": "https://a.example.com" }], "paths": paths })
        .to_string()
        .into_bytes()
}

#[test]
fn a_document_of_3_0_in_json_becomes_tools() {
    let store = imported("petstore.json");
    assert_eq!(store.name.as_str(), "pet-store");
    let expected =
        ["create_pet", "delete_pet", "get_pet", "list_pets", "set_note"].map(|name| format!("pet_store_{name}"));
    assert_eq!(names(&store), expected);
    assert_eq!(notes(&store), [""; 0]);

    let list = tool(&store, "pet_store_list_pets");
    assert_eq!(list.description, "List pets. Lists the pets that fit, a page at a time. (GET /pets)");
    assert!(list.read_only && list.idempotent && !list.destructive);
    let arguments = json!({
        "limit": 5, "cursor": "a&b", "status": ["sold", "pending"], "tags": ["x", "y,z"], "born": { "after": "2026-01-01" },
        "X-Request-Id": "7",
    });
    assert_eq!(
        url(&list.operation, arguments.clone()),
        "https://eu.pets.example.com/v1/pets?limit=5&cursor=a%26b&status=sold&status=pending&tags=x,y%2Cz&born%5Bafter%5D=2026-01-01"
    );
    let request = prepare(&list.operation, arguments.as_object().unwrap()).unwrap();
    assert!(request.headers.contains(&("X-Request-Id".to_owned(), "7".to_owned())));
    assert_eq!(
        list.input["properties"]["limit"],
        json!({ "description": "Pets of a page.", "minimum": 1, "maximum": 100, "default": 20, "type": "integer" })
    );

    // What the server sets is not asked for; a flag of 3.0 becomes a bound; `nullable` becomes a choice.
    let pet = &tool(&store, "pet_store_create_pet").input["properties"]["body"];
    assert_eq!(pet["required"], json!(["name"]));
    assert_eq!(pet["properties"]["weight"]["exclusiveMinimum"], json!(0));
    assert_eq!(pet["properties"]["owner"]["anyOf"][1], json!({ "type": "null" }));
    assert!(
        pet["properties"].get("id").is_none()
            && pet["properties"]["name"]["description"].as_str().unwrap().contains("^[A-Z]")
    );

    let delete = tool(&store, "pet_store_delete_pet");
    assert!(
        delete.destructive && delete.idempotent && !delete.read_only && delete.description.starts_with("Deprecated. ")
    );
    assert_eq!(delete.operation.auth[0].secret, "api-key-auth");
    assert!(tool(&store, "pet_store_get_pet").operation.auth.is_empty(), "an empty list asks for none");

    let manifest = manifest(&store);
    let rules: Vec<String> = manifest.request.http.iter().map(|http| http.rule().to_string()).collect();
    assert_eq!(rules, ["GET,POST eu.pets.example.com/v1/pets", "GET,PUT,DELETE eu.pets.example.com/v1/pets/"]);
    assert_eq!(manifest.request.secrets.len(), 1);
}

#[test]
fn a_document_of_3_1_in_yaml_becomes_tools() {
    let forge = imported("forge.yaml");
    assert_eq!(forge.name.as_str(), "forge");
    let expected = ["issues_create", "issues_list_for_repo", "repos_get_content", "search", "users_get_authenticated"];
    assert_eq!(names(&forge), expected.map(|name| format!("forge_{name}")));
    assert_eq!(
        notes(&forge),
        [
            "GET /repos/{owner}/matrix{;at} (/paths/~1repos~1{owner}~1matrix{;at}/get/parameters/1): the style `matrix` is not written"
        ]
    );

    let list = tool(&forge, "forge_issues_list_for_repo");
    let arguments = json!({ "owner": "a", "repo": "b c", "labels": ["x", "y"], "page": 2, "filter_state": "open", "query": { "text": "?" } });
    assert_eq!(
        url(&list.operation, arguments),
        "https://forge.example.com/api/repos/a/b%20c/issues?labels=x%7Cy&page=2&filter%5Bstate%5D=open&query=%7B%22text%22%3A%22%3F%22%7D"
    );
    assert_eq!(list.operation.accept, "application/vnd.forge+json");
    assert_eq!(list.input["properties"]["filter_state"]["enum"], json!(["open", "closed"]));
    let auth = &list.operation.auth[0];
    assert_eq!((auth.secret.as_str(), auth.name.as_str(), auth.prefix.as_str()), ("token", "authorization", "Bearer "));

    let issue = &tool(&forge, "forge_issues_create").input["properties"]["body"];
    assert_eq!(issue["description"], "The issue.");
    assert_eq!(issue["properties"]["title"]["anyOf"], json!([{ "type": "string" }, { "type": "integer" }]));
    assert_eq!(issue["properties"]["kind"]["enum"], json!(["bug"]));
    assert_eq!(issue["properties"]["labels"]["items"]["type"], "string");
    // A name that model APIs refuse is not shown, but may be given.
    assert!(issue["properties"].get("@type").is_none() && issue.get("additionalProperties").is_none());
    assert_eq!(issue["required"], json!(["title"]));

    let search = tool(&forge, "forge_search");
    assert_eq!(url(&search.operation, json!({ "q": "a b" })), "https://search.example.com:8443/search?q=a%20b");
    assert!(search.operation.auth[0].optional);
    assert!(
        manifest(&forge)
            .request
            .http
            .iter()
            .any(|http| http.rule().to_string() == "GET search.example.com:8443/search")
    );
}

#[test]
fn security_schemes_become_secrets() {
    let ledger = imported("ledger.json");
    let list = &tool(&ledger, "ledger_accounts_list").operation;
    let places: Vec<_> = list.auth.iter().map(|auth| (auth.place, auth.name.as_str())).collect();
    assert_eq!(places, [(AuthPlace::Query, "api_key"), (AuthPlace::Cookie, "sid")]);
    // The same name again, in another spelling; and what cannot be performed is named with where it is.
    let create = tool(&ledger, "ledger_accounts_list_2");
    assert_eq!((create.operation.method.as_str(), create.operation.auth[0].prefix.as_str()), ("POST", "Bearer "));
    assert_eq!(create.operation.body.as_ref().unwrap().media_type, "text/csv");
    assert_eq!(tool(&ledger, "ledger_report").operation.auth[0].secret, "key", "the alternative that can be had");
    assert!(
        notes(&ledger)
            .iter()
            .any(|note| note.starts_with("GET /signed (/paths/~1signed/get): the security scheme `signature`"))
    );
}

#[test]
fn files_are_sent_by_their_paths() {
    let ledger = imported("ledger.json");
    let receipt = tool(&ledger, "ledger_add_receipt");
    let body = &receipt.input["properties"]["body"];
    assert_eq!(
        body["properties"]["scan"],
        json!({ "type": "string", "description": "The scan. Path of a file in a granted folder, as `data/photo.png`." })
    );
    assert_eq!(body["properties"]["pages"]["items"]["type"], "string");
    let arguments = json!({ "body": { "scan": "data/a.png", "pages": ["data/b", "data/c"], "amount": 2.5, "payer": { "name": "A" } } });
    let sent = prepare(&receipt.operation, arguments.as_object().unwrap()).unwrap().body.unwrap();
    let file = |name: &str, path: &str| Field::File { name: name.to_owned(), path: path.to_owned() };
    let field =
        |name: &str, value: &str, is_json| Field::Text { name: name.to_owned(), value: value.to_owned(), is_json };
    let fields = vec![
        file("scan", "data/a.png"),
        file("pages", "data/b"),
        file("pages", "data/c"),
        field("amount", "2.5", false),
        field("payer", "{\"name\":\"A\"}", true),
    ];
    assert_eq!(sent, PreparedBody::Multipart(fields));
    let upload = tool(&ledger, "ledger_upload");
    assert_eq!(upload.input["properties"]["body"]["type"], "string");
    let sent = prepare(&upload.operation, json!({ "body": "data/x" }).as_object().unwrap()).unwrap().body.unwrap();
    assert_eq!(
        sent,
        PreparedBody::File { media_type: "application/octet-stream".to_owned(), path: "data/x".to_owned() }
    );
    assert_eq!(manifest(&ledger).request.fs.len(), 1);
    assert!(manifest(&imported("petstore.json")).request.fs.is_empty());
    assert!(notes(&ledger).iter().any(|note| note.starts_with("POST /pages (") && note.contains("application/vnd.ledger, which is not sent")));
}

#[test]
fn what_recurs_is_cut_and_what_leads_nowhere_is_named() {
    let tree = imported("tree.json");
    let body = &tool(&tree, "tree_post_nodes").input["properties"]["body"];
    assert_eq!(body["required"], json!(["name", "kind"]));
    assert_eq!(body["properties"]["children"]["items"], json!({}), "it recurs");
    assert_eq!(body["properties"]["more"], json!({ "type": "object" }));
    let notes = notes(&tree);
    for (start, end) in [
        ("GET /circle (/paths/~1circle/get/parameters/0): ", "in a circle"),
        (
            "GET /elsewhere (/paths/~1elsewhere/get/parameters/0): ",
            "which is another document; bundle it into this one",
        ),
        (
            "POST /nowhere (/paths/~1nowhere/post/requestBody/content/application~1json/schema/properties/x): ",
            "which is not there",
        ),
    ] {
        assert!(notes.iter().any(|note| note.starts_with(start) && note.ends_with(end)), "{start}: {notes:#?}");
    }
}

#[test]
fn operations_are_chosen_by_id_glob_path_and_tag() {
    let chosen = |include: &[&str], read_only| {
        let include = include.iter().map(|text| (*text).to_owned()).collect();
        import(&document("petstore.json"), &Options { include, read_only, ..Options::default() })
    };
    let chosen_names = |include: &[&str], read_only| names(&chosen(include, read_only).unwrap()).join(" ");
    assert_eq!(chosen_names(&["getPet"], false), "pet_store_get_pet");
    assert_eq!(chosen_names(&["*Pet"], true), "pet_store_get_pet");
    assert_eq!(chosen_names(&["delete /pets/{petId}", "tag:notes"], false), "pet_store_delete_pet pet_store_set_note");
    assert_eq!(chosen_names(&["* /pets"], false), "pet_store_create_pet pet_store_list_pets");
    assert_eq!(chosen_names(&[], true), "pet_store_get_pet pet_store_list_pets");
    let error = chosen(&["getPets"], false).unwrap_err().to_string();
    assert!(error.contains("--include `getPets`") && error.contains("did you mean `getPet`?"), "{error}");
    assert!(matches!(chosen(&["[a"], false), Err(ImportError::Pattern { .. })));
    // What is not chosen asks for nothing.
    let one = chosen(&["getPet"], false).unwrap();
    let manifest = manifest(&one);
    assert!(manifest.request.http.len() == 1 && manifest.request.secrets.is_empty());
}

#[test]
fn the_server_is_named_where_the_document_has_none() {
    let relative =
        String::from_utf8(document("tree.json")).unwrap().replace("https://tree.example.com/", "/api/v3").into_bytes();
    let error = import(&relative, &Options::default()).unwrap_err().to_string();
    assert!(error.contains("`/api/v3` is not an absolute URL") && error.contains("--server"), "{error}");
    let server = |url: &str| import(&relative, &Options { server: Some(url.to_owned()), ..Options::default() });
    let made = server("http://[::1]:8080/api/").unwrap();
    assert_eq!(url(&tool(&made, "tree_post_nodes").operation, json!({})), "http://[::1]:8080/api/nodes");
    for wrong in
        ["ftp://x.example.com", "https://u:p@x.example.com", "https://x.example.com/?a", "https://", "a.example.com"]
    {
        if let Ok(made) = server(wrong) {
            panic!("{wrong}: {}", made.manifest);
        }
    }
}

#[test]
fn the_value_of_a_path_parameter_is_one_segment_whatever_it_is() {
    let store = imported("petstore.json");
    let operation = &tool(&store, "pet_store_get_pet").operation;
    for value in ["a", "a b", "ä", "a?x=1", "a#b", "@evil.example.com", "...", "a..b", "50%", "x:y", "a&b"] {
        let url = url::Url::parse(&url(operation, json!({ "petId": value }))).unwrap();
        assert_eq!((url.host_str(), url.query(), url.fragment()), (Some("eu.pets.example.com"), None, None), "{value}");
        assert_eq!(url.path_segments().unwrap().count(), 3, "{value}: {url}");
        assert!(url.path().starts_with("/v1/pets/"), "{value}: {url}");
    }
    for value in [
        "",
        ".",
        "..",
        "a/b",
        "../x",
        "%2e%2e",
        "%252e%252e",
        "a%2fb",
        "..;x",
        "a\\b",
        "a\nb",
        "%00",
        "%25252525252525",
    ] {
        let arguments = json!({ "petId": value });
        assert!(prepare(operation, arguments.as_object().unwrap()).is_err(), "{value}");
    }
    for value in [json!(null), json!([]), json!([["a"]]), json!({ "a": { "b": 1 } })] {
        let arguments = json!({ "petId": value });
        assert!(prepare(operation, arguments.as_object().unwrap()).is_err(), "{arguments}");
    }
    let line = json!({ "X-Request-Id": "a\r\nHost: b" });
    assert!(prepare(&tool(&store, "pet_store_list_pets").operation, line.as_object().unwrap()).is_err());
}

#[test]
fn a_template_that_is_not_a_path_is_left_out() {
    let parameter = json!([{ "name": "x", "in": "path", "required": true, "schema": {} }]);
    for path in
        ["/../a", "/a//b", "/a?b={x}", "/a#b", "/%2e%2e/{x}", "//evil.example.com/{x}", "/{y}", "/{x", "a", "/a\\b"]
    {
        let Err(ImportError::Nothing(note)) = import(&get(path, parameter.clone()), &Options::default()) else {
            panic!("{path}")
        };
        assert!(note.contains("GET "), "{note}");
    }
}

#[test]
fn a_document_that_is_not_one_is_refused() {
    let refused = |bytes: &[u8]| import(bytes, &Options::default()).unwrap_err().to_string();
    assert!(refused(b"\xff{}").contains("byte 0"));
    assert!(refused(b"{").contains("neither JSON nor YAML"));
    assert!(refused(b"a: [").contains("neither JSON nor YAML"));
    assert!(refused(b"{\"swagger\": \"2.0\"}").contains("Swagger 2.0 document must be converted"));
    assert!(refused(b"{\"openapi\": \"4.0.0\"}").contains("OpenAPI 4.0.0"));
    assert!(refused(&vec![b' '; MAX_DOCUMENT + 1]).contains("the limit is"));
    assert!(refused("[".repeat(100_000).as_bytes()).contains("neither"));
    assert!(refused(format!("{{\"a\":{}", "[".repeat(100_000)).as_bytes()).contains("neither"));
    assert!(refused(format!("a: {}", "- ".repeat(100_000)).as_bytes()).contains("neither"));
    // Aliases that double: 2^40 values.
    let mut bomb = String::from("a0: &a0 [x, x]\n");
    (1..40).for_each(|n| bomb.push_str(&format!("a{n}: &a{n} [*a{0}, *a{0}]\n", n - 1)));
    assert!(refused(bomb.as_bytes()).contains("neither"));
}

#[test]
fn a_chain_of_references_is_followed_as_far_as_a_tool_goes() {
    let link = |n: usize| (format!("S{n}"), json!({ "$ref": format!("#/components/schemas/S{}", n + 1) }));
    let schemas: serde_json::Map<String, Value> = (0..100_000).map(link).collect();
    let body = json!({ "content": { "application/json": { "schema": { "$ref": "#/components/schemas/S0" } } } });
    let document = json!({ "openapi": "3.0.0", "info": { "title": "t", "version": "1" }, "servers": [{ "url": "https://a.example.com" }],
        "paths": { "/x": { "post": { "requestBody": body, "responses": {} } } }, "components": { "schemas": schemas } });
    let made = import(document.to_string().as_bytes(), &Options::default()).unwrap();
    assert_eq!(
        tool(&made, "t_post_x").input["properties"]["body"],
        json!({ "description": "The body of the request." })
    );
}

/// A document of so many operations, each with a body.
fn many(count: usize) -> Vec<u8> {
    let operation = |n: usize| {
        json!({ "operationId": format!("thing{n}Update"), "summary": format!("Update thing {n}"), "description": "It is long. ".repeat(80),
            "parameters": [{ "name": "id", "in": "path", "required": true, "schema": { "type": "integer" } }],
            "requestBody": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/L0" } } } }, "responses": {} })
    };
    let paths: serde_json::Map<String, Value> =
        (0..count).map(|n| (format!("/group{}/things{n}/{{id}}", n % 100), json!({ "post": operation(n) }))).collect();
    // References that fan out: 8^8 schemas, where each is resolved.
    let level = |n: usize| {
        let next =
            json!({ "$ref": format!("#/components/schemas/L{}", n + 1), "description": "One of the next level." });
        json!({ "type": "object", "properties": (0..8).map(|p| (format!("p{p}"), next.clone())).collect::<serde_json::Map<_, _>>() })
    };
    let mut schemas: serde_json::Map<String, Value> = (0..8).map(|n| (format!("L{n}"), level(n))).collect();
    schemas.insert("L8".to_owned(), json!({ "type": "string" }));
    json!({ "openapi": "3.1.0", "info": { "title": "Many", "version": "1" }, "servers": [{ "url": "https://many.example.com/api" }],
        "paths": paths, "components": { "schemas": schemas } })
    .to_string()
    .into_bytes()
}

#[test]
fn a_document_of_600_operations_keeps_to_the_bounds_of_a_plugin() {
    let made = import(&many(600), &Options::default()).unwrap();
    assert_eq!(made.operations.tools.len(), 600);
    for (name, tool) in &made.operations.tools {
        let size = tool.description.len() + tool.input.to_string().len();
        assert!(size <= MAX_TOOL && name.len() <= 48, "{name}: {size}");
    }
    let rules = manifest(&made).request.http;
    assert!(rules.len() <= 64, "{}", rules.len());
    for tool in made.operations.tools.values() {
        let url = url::Url::parse(&url(&tool.operation, json!({ "id": 1 }))).unwrap();
        let covered =
            |http: &tandem_package::HttpRequest| http.rule().allows("POST", url.host_str().unwrap(), 443, url.path());
        assert!(rules.iter().any(covered), "{url}");
    }
    let again = |count| import(&many(count), &Options::default()).unwrap().operations;
    assert_eq!(again(20), again(20), "the same each time");
}

#[test]
fn a_document_with_too_many_operations_is_refused() {
    assert!(matches!(import(&many(1_001), &Options::default()), Err(ImportError::TooManyTools { found: 1_001, .. })));
    let paths: serde_json::Map<String, Value> =
        (0..100_000).map(|n| (format!("/p{n}"), json!({ "get": {} }))).collect();
    let document = json!({ "openapi": "3.0.0", "paths": paths }).to_string();
    assert!(matches!(import(document.as_bytes(), &Options::default()), Err(ImportError::TooManyOperations)));
}
