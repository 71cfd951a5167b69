//! The page for people stays a page, whatever there is to show.

use tandem_harness::{Options, variant};

#[tokio::test]
async fn a_host_with_many_plugins_has_several_small_pages() -> anyhow::Result<()> {
    let made = tempfile::tempdir()?;
    let mut options = Options::with(&[])?;
    for number in 0..22 {
        let path = made.path().join(format!("many-{number:02}.wasm"));
        variant("echo", &path, |manifest, descriptors| {
            manifest.plugin.name = format!("many-{number:02}").parse().expect("a name");
            manifest.plugin.description = "<&\">".repeat(100);
            let one = descriptors.tools[0].clone();
            descriptors.tools = (0..30)
                .map(|tool| {
                    let mut one = one.clone();
                    one.name = format!("many_{number:02}_{tool:02}").parse().expect("a name");
                    one.description = "<&\">".repeat(300);
                    one
                })
                .collect();
        })?;
        options = options.file(path);
    }
    let host = options.start().await?;
    let page = async |query: &str| anyhow::Ok(reqwest::get(format!("{}/{query}", host.url)).await?.text().await?);
    let (first, second) = (page("").await?, page("?page=2").await?);
    for page in [&first, &second] {
        assert!(page.len() < 200_000, "{}", page.len());
    }
    let of = |number: usize| format!("<strong>many-{number:02}</strong>");
    assert!((0..20).all(|number| first.contains(&of(number))) && !first.contains(&of(20)));
    assert!((20..22).all(|number| second.contains(&of(number))) && !second.contains(&of(19)));
    assert!(first.contains("page 1 of 2") && first.contains("href=\"/?page=2\""), "{first}");
    assert!(first.contains("/v1/categories/many-00/tools\">10 more"), "{first}");
    assert!(second.contains("many_21_19") && !second.contains("many_21_20"), "{second}");
    for odd in ["?page=99", "?page=0", "?page=x", "?other=1"] {
        assert!(page(odd).await?.contains(" of 2 "), "{odd}");
    }
    Ok(())
}
