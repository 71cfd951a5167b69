//! The page for people stays a page, whatever there is to show.

use reqwest::{Client, Response, header::SET_COOKIE, redirect::Policy};
use sha2::Digest as _;
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

fn header(response: &Response, name: &str) -> String {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_browser_signs_in_where_keys_are_needed_and_a_program_gets_json() -> anyhow::Result<()> {
    let keys = "[tenants.good]\nkeys = ['${file:{home}/good}']\n";
    let hash = hex::encode(sha2::Sha256::digest("good"));
    let host = Options::with(&["echo"])?.config(keys).write("good", &hash).in_process().start().await?;
    let http = Client::builder().redirect(Policy::none()).build()?;
    let page = async |cookie: &str, accept: &str| {
        http.get(format!("{}/", host.url)).header("accept", accept).header("cookie", cookie).send().await
    };
    let browser = "text/html,application/xhtml+xml,*/*;q=0.8";
    let refused = page("", browser).await?;
    assert_eq!((refused.status().as_u16(), header(&refused, "content-type")), (401, "text/html; charset=utf-8".into()));
    let policy = header(&refused, "content-security-policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    let form = refused.text().await?;
    assert!(form.contains("action=\"/login\"") && !form.contains("<script"), "{form}");
    for accept in ["*/*", "application/json"] {
        let refused = page("", accept).await?;
        assert_eq!(
            (refused.status().as_u16(), header(&refused, "content-type")),
            (401, "application/problem+json".into())
        );
    }

    let login = async |key: &str, origin: Option<&str>| {
        let request =
            http.post(format!("{}/login", host.url)).header("content-type", "application/x-www-form-urlencoded");
        let request = origin.into_iter().fold(request, |request, origin| request.header("origin", origin));
        request.body(format!("key={key}")).send().await
    };
    for wrong in ["bad", "", "%0a%00"] {
        let refused = login(wrong, Some(&host.url)).await?;
        assert_eq!((refused.status().as_u16(), header(&refused, "set-cookie")), (401, String::new()), "{wrong}");
    }
    assert_eq!(login("good", Some("https://evil.example")).await?.status(), 403, "another site's form");
    let done = login("good", Some(&host.url)).await?;
    assert_eq!((done.status().as_u16(), header(&done, "location")), (303, "/".into()));
    let set = header(&done, SET_COOKIE.as_str());
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Strict"), "{set}");
    let cookie = set.split(';').next().unwrap_or_default().to_owned();
    let shown = page(&cookie, browser).await?;
    assert_eq!(shown.status(), 200);
    let text = shown.text().await?;
    assert!(text.contains("<strong>echo</strong>") && text.contains("action=\"/logout\""), "{text}");

    // It counts for the page alone: nothing that acts takes it.
    for (method, path) in [("POST", "/v1/tools/add/call"), ("POST", "/mcp"), ("GET", "/v1/categories"), ("POST", "/")] {
        let request = http.request(method.parse()?, format!("{}{path}", host.url)).header("cookie", &cookie);
        assert_eq!(request.header("accept", browser).body("{}").send().await?.status(), 401, "{method} {path}");
    }
    let out = http.post(format!("{}/logout", host.url)).header("origin", &host.url).send().await?;
    assert!(header(&out, "set-cookie").contains("Max-Age=0"), "{out:?}");
    let stale = page("tandem-key=bm9uZQ", browser).await?;
    assert!(stale.status() == 401 && header(&stale, "set-cookie").contains("Max-Age=0"), "{stale:?}");
    Ok(())
}
