//! The resources.

use tandem_sdk::prelude::*;

use crate::PIXEL;

#[derive(Debug)]
pub(crate) struct Resources;

#[tools]
impl Resources {
    /// A text that never changes.
    #[resource(uri = "test://static-text", mime = "text/plain", title = "Static text")]
    fn static_text() -> &'static str {
        "This is the content of the static text resource."
    }

    /// A picture that never changes.
    #[resource(uri = "test://static-binary", mime = "image/png", title = "Static picture")]
    fn static_binary() -> Vec<u8> {
        PIXEL.to_vec()
    }

    /// A text whose changes can be subscribed to.
    #[resource(uri = "test://watched-resource", mime = "text/plain", title = "Watched text")]
    fn watched_resource() -> &'static str {
        "Watched resource content"
    }

    /// Data by id.
    #[resource_template(uri = "test://template/{id}/data", mime = "application/json", title = "Data by id")]
    fn template_data(id: String) -> String {
        json!({ "id": id, "templateTest": true, "data": format!("Data for ID: {id}") }).to_string()
    }

    /// The ids there are examples of.
    #[complete(template = "test://template/{id}/data", argument = "id")]
    fn ids(value: &str) -> Vec<&'static str> {
        ["1", "12", "123"].into_iter().filter(|id| id.starts_with(value)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tandem_sdk::testing;

    #[test]
    fn a_family_answers_for_the_id_that_was_asked_for() -> Result<()> {
        let contents = testing::read::<Resources>("test://template/123/data")?;
        let expected = r#"{"data":"Data for ID: 123","id":"123","templateTest":true}"#;
        assert_eq!(contents, [ResourceContents::text("test://template/123/data", "application/json", expected)]);
        Ok(())
    }

    #[test]
    fn bytes_stay_bytes() -> Result<()> {
        let contents = testing::read::<Resources>("test://static-binary")?;
        assert_eq!(contents, [ResourceContents::blob("test://static-binary", "image/png", PIXEL)]);
        Ok(())
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        let error = testing::read::<Resources>("test://nonexistent").unwrap_err();
        assert!(matches!(error, Error::NotFound(_)));
    }
}
