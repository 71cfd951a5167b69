//! Files on their way here: broken off, too large, from web servers.

use std::sync::Arc;

use tandem_harness::{Fault, Registry, called, tls_server, variant_bytes};
use tandem_package::Sha256Digest;
use tokio::net::{TcpListener, TcpStream};

use super::{Home, names};

#[tokio::test]
async fn a_download_that_breaks_off_goes_on_where_it_stopped() -> anyhow::Result<()> {
    let (registry, home) = (Registry::start().await, Home::new()?);
    let reference = format!("oci://{}/acme/echo:1.0.0", registry.host);
    home.right(&["publish", &home.plugin("1.0.0")?, &reference]).await?;
    let ranges = || -> Vec<Option<String>> {
        registry
            .asked()
            .into_iter()
            .filter(|asked| asked.line.contains("/blobs/sha256"))
            .map(|asked| asked.range)
            .collect()
    };
    let from = |byte: usize| Some(format!("bytes={byte}-"));
    let _published = ranges();

    registry.fault([Fault::Break(1_000), Fault::Break(500), Fault::Busy(1)]);
    home.right(&["install", &reference, "--yes"]).await?;
    assert_eq!(ranges(), [None, from(1_000), from(1_500), from(1_500)]);
    home.right(&["uninstall", "echo"]).await?;

    // The first command gives up; the second one goes on.
    registry.fault([Fault::Break(2_000), Fault::Busy(3_600)]);
    assert!(home.wrong(&["install", &reference, "--yes"]).await?.contains("retry in 3600 s"));
    assert_eq!(home.installed(), Vec::<String>::new());
    let _first = ranges();
    home.right(&["install", &reference, "--yes"]).await?;
    assert_eq!(ranges(), [from(2_000)]);
    assert_eq!(names(&home.path().join("data/downloads")), Vec::<String>::new());
    home.right(&["uninstall", "echo"]).await?;

    // A server that knows no ranges, and bytes that are of something else.
    registry.fault([Fault::Break(3_000), Fault::Whole]);
    home.right(&["install", &reference, "--yes"]).await?;
    home.right(&["uninstall", "echo"]).await?;
    let digest = Sha256Digest::of(&std::fs::read(home.path().join("echo-1.0.0.wasm"))?).to_string();
    let part = home.path().join("data/downloads").join(digest.replace(':', "-")).with_extension("part");
    std::fs::write(part, vec![7; 4_000])?;
    let _third = ranges();
    home.right(&["install", &reference, "--yes"]).await?;
    assert_eq!(ranges(), [from(4_000), None], "what does not fit together is fetched anew");
    Ok(())
}

#[tokio::test]
async fn files_of_web_servers_are_fetched_within_the_same_bounds() -> anyhow::Result<()> {
    let (registry, home) = (Registry::start().await, Home::new()?);
    let bytes = variant_bytes("echo", called("echo", "1.0.0"))?;
    registry.shelves.blobs.lock().unwrap().insert("echo.wasm".to_owned(), bytes.clone());
    let url = format!("http://{}/files/echo.wasm", registry.host);
    let wrong = format!("sha256:{}", "0".repeat(64));
    assert!(home.wrong(&["install", &url, "--yes", "--digest", &wrong]).await?.contains("instead of sha256:0000"));
    home.is_untouched();
    registry.fault([Fault::Redirect("http://plugins.example.com/echo.wasm".to_owned())]);
    assert!(home.wrong(&["install", &url, "--yes"]).await?.contains("without TLS"));
    registry.fault(std::iter::repeat_n(Fault::Redirect(url.clone()), 20));
    assert!(home.wrong(&["install", &url, "--yes"]).await?.contains("redirects without end"));
    registry.shelves.faults.lock().unwrap().clear();
    registry.fault([Fault::Claim(65 << 20)]);
    assert!(home.wrong(&["install", &url, "--yes"]).await?.contains("the limit is"));
    home.is_untouched();
    let plain = home.wrong(&["install", "http://plugins.example.com/echo.wasm", "--yes"]).await?;
    assert!(plain.contains("--plain-http plugins.example.com"), "{plain}");

    let _before = registry.asked();
    registry.fault([Fault::Break(1_000)]);
    let right = Sha256Digest::of(&bytes).to_string();
    home.right(&["install", &url, "--yes", "--digest", &right]).await?;
    let ranges: Vec<_> = registry.asked().into_iter().map(|asked| asked.range).collect();
    assert_eq!(ranges, [None, Some("bytes=1000-".to_owned())]);
    assert_eq!(std::fs::read(home.path().join("plugins/echo.wasm"))?, bytes);
    assert!(home.lock().is_some_and(|lock| lock.contains(&url) && lock.contains(&right)));
    Ok(())
}

/// TLS before a server: answers its port and the authority that vouches for it.
async fn over_tls(server: &str) -> anyhow::Result<(u16, String)> {
    let (config, pem) = tls_server()?;
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let (listener, server) = (TcpListener::bind("127.0.0.1:0").await?, server.to_owned());
    let port = listener.local_addr()?.port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, server) = (acceptor.clone(), server.clone());
            tokio::spawn(async move {
                // Who does not trust the certificate goes away.
                let Ok(mut inside) = acceptor.accept(stream).await else { return };
                let Ok(mut outside) = TcpStream::connect(server).await else { return };
                let _ended = tokio::io::copy_bidirectional(&mut inside, &mut outside).await;
            });
        }
    });
    Ok((port, pem))
}

#[tokio::test]
async fn over_tls_only_whom_an_authority_vouches_for_is_asked() -> anyhow::Result<()> {
    let (registry, home) = (Registry::start().await, Home::new()?);
    let bytes = variant_bytes("echo", called("echo", "1.0.0"))?;
    registry.shelves.blobs.lock().unwrap().insert("echo.wasm".to_owned(), bytes.clone());
    let (port, authority) = over_tls(&registry.host).await?;
    let url = format!("https://localhost:{port}/files/echo.wasm");
    let stranger = home.wrong(&["install", &url, "--yes"]).await?;
    assert!(stranger.contains("certificate"), "{stranger}");
    assert!(registry.asked().is_empty(), "nothing is asked of a stranger");
    home.is_untouched();

    home.file("authority.pem", authority.as_bytes())?;
    let trust = ["--set", "http.authorities=authority.pem"];
    // From TLS to none, even on this machine.
    registry.fault([Fault::Redirect(format!("http://{}/files/echo.wasm", registry.host))]);
    let refused = home.wrong(&[&["install", &url, "--yes"], &trust[..]].concat()).await?;
    assert!(refused.contains("without TLS"), "{refused}");
    home.is_untouched();
    let _before = registry.asked();
    registry.fault([Fault::Break(1_000)]);
    home.right(&[&["install", &url, "--yes"], &trust[..]].concat()).await?;
    let ranges: Vec<_> = registry.asked().into_iter().map(|asked| asked.range).collect();
    assert_eq!(ranges, [None, Some("bytes=1000-".to_owned())]);
    assert_eq!(std::fs::read(home.path().join("plugins/echo.wasm"))?, bytes);
    assert!(home.lock().is_some_and(|lock| lock.contains(&url)));
    Ok(())
}
