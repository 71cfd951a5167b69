//! `tandem connect`: one entry in the configuration of an MCP client.
//!
//! **Promises.** Everything else in the client's file stays as it is, and the file is written whole or not at all. What would be
//! written is shown first. No token is written: the client takes it from the environment.
//!
//! **Bounds.** Files of [`MAX_FILE`] bytes.
//!
//! **Refuses.** Files that cannot be edited without loss, and those that changed while the user was asked.

mod clients;
mod edit;

use std::{
    io::{self, BufRead as _, IsTerminal as _, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use clap::Args;
pub(crate) use clients::Client;
use clients::{Server, TOKEN};

use tandem_runtime::{config::ConfigSource, locations::Location};

use crate::{args::Source, config, exit::Exit, terminal};

/// The largest file of a client. Claude Code keeps more than its settings in its own.
const MAX_FILE: u64 = 64 << 20;
/// Longest answer to the question.
const MAX_ANSWER: u64 = 64;
/// Lines around a change: other lines of such files may hold secrets.
const CONTEXT: usize = 2;

#[derive(Debug, Args)]
#[command(
    after_help = "The entry starts `tandem serve --stdio`, or with --http names the URL of a running host. It goes into the client's file\nof the user; what else is there stays as it is, with comments. Where callers need a key or token, the client takes it\nfrom the variable TANDEM_TOKEN of its environment.\n\nExamples:\n  tandem connect claude-code\n  tandem connect codex --config /srv/tandem/tandem.toml\n  tandem connect vscode --http\n  tandem connect cursor --url https://tools.example.com/mcp --token\n  tandem connect goose --print      # for another machine"
)]
pub(crate) struct Connect {
    /// The client
    client: Client,
    /// Have the client start a host of its own [the default]
    #[arg(long, conflicts_with_all = ["http", "url", "token"])]
    stdio: bool,
    /// Have the client reach the host that listens where the configuration says
    #[arg(long)]
    http: bool,
    /// Have the client reach a host at this URL
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Over HTTP: send the variable TANDEM_TOKEN [default: where the configuration has keys]
    #[arg(long)]
    token: bool,
    /// What to call it in the client
    #[arg(long, default_value = "tandem", value_parser = name)]
    name: String,
    /// The host's configuration [default: that of the user, or of the installation]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The client's file [default: where the client looks for it]
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Print the entry, and write nothing
    #[arg(long, conflicts_with = "yes")]
    print: bool,
    /// Write without asking
    #[arg(short, long)]
    yes: bool,
}

/// Names that every client takes.
fn name(text: &str) -> Result<String, String> {
    let right = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '-' | '_');
    if !text.is_empty() && text.len() <= 64 && text.chars().all(right) {
        return Ok(text.to_owned());
    }
    Err("write 1 to 64 of the characters A-Z a-z 0-9 _ -".to_owned())
}

/// Runs it.
pub(crate) fn run(args: &Connect) -> anyhow::Result<Exit> {
    let client = args.client;
    let server = server(args)?;
    let entry = client.entry(&args.name, &server)?;
    let edited = |text: &str| edit::set(text, client.format(), client.table(), &args.name, &entry);
    if args.print {
        write!(terminal::out(), "{}", edited("")?)?;
        return Ok(Exit::Success);
    }
    let file = args.file.clone().or_else(|| client.file());
    let file = file.context("there is no home directory; name the client's file with --file, or use --print")?;
    // A file that is kept elsewhere and linked stays linked.
    let file = file.canonicalize().unwrap_or(file);
    let before = read(&file)?;
    let text = before.as_deref().unwrap_or_default();
    let after = edited(text).with_context(|| {
        format!("{} is left as it is; mend it, or put the entry in by hand (--print shows it)", file.display())
    })?;
    let mut out = terminal::err();
    if before.is_some() && text == after {
        writeln!(out, "{} has this entry already: {}", client.title(), file.display())?;
        return Ok(Exit::Success);
    }
    let shown = file.display().to_string();
    let diff = similar::TextDiff::from_lines(text, &after);
    write!(out, "{}", diff.unified_diff().context_radius(CONTEXT).header(&shown, &shown))?;
    if !args.yes && !agreed(&mut out)? {
        writeln!(out, "nothing was written")?;
        return Ok(Exit::Failure);
    }
    if read(&file)? != before {
        bail!("{shown} changed meanwhile, and is left as it is; close {} and try again", client.title());
    }
    write(&file, &after)?;
    writeln!(out, "written: {shown}. {}", next(args, &server))?;
    Ok(Exit::Success)
}

/// What to do for it to count.
fn next(args: &Connect, server: &Server) -> String {
    let restart = format!("Restart {}", args.client.title());
    match server {
        Server::Http { token: true, .. } => format!("{restart}, with the key in its environment as {TOKEN}."),
        _ => format!("{restart}."),
    }
}

fn server(args: &Connect) -> anyhow::Result<Server> {
    let source = Source { config: args.config.clone(), ..Source::default() };
    if let Some(url) = &args.url {
        return Ok(Server::Http { url: crate::client::endpoint(url)?, token: args.token });
    }
    // What is wrong with it is better told here than in a client's log.
    let config = config::load(&source)?;
    if args.http {
        let listener = &config.server;
        if listener.port == 0 {
            bail!("server.port is 0, so that the system chooses it; name the URL with --url");
        }
        let host = if listener.host.is_unspecified() { std::net::Ipv4Addr::LOCALHOST.into() } else { listener.host };
        let url = format!("http://{}/mcp", std::net::SocketAddr::new(host, listener.port));
        return Ok(Server::Http { url, token: args.token || config.authenticates() });
    }
    let program = std::env::current_exe().context("cannot tell where this program is")?;
    let text =
        |path: &Path| path.to_str().map(str::to_owned).with_context(|| format!("{} is no UTF-8", path.display()));
    let mut arguments = vec!["serve".to_owned(), "--stdio".to_owned()];
    // A child finds the user's file and the installation's by itself, and takes none from where it is started.
    let found = Location::of(&ConfigSource { foreign_directory: true, ..ConfigSource::default() })
        .ok()
        .and_then(|found| found.file);
    if let Some(file) = Location::of(&(&source).into())?.file.filter(|file| Some(file) != found.as_ref()) {
        arguments.extend(["--config".to_owned(), text(&file)?]);
    }
    Ok(Server::Stdio { command: text(&program)?, args: arguments })
}

/// The text of a file; none where there is none.
fn read(file: &Path) -> anyhow::Result<Option<String>> {
    if !file.exists() {
        return Ok(None);
    }
    let bytes =
        tandem_files::read_regular(file, MAX_FILE).with_context(|| format!("cannot read {}", file.display()))?;
    let text = String::from_utf8(bytes).with_context(|| format!("{} is no text", file.display()))?;
    Ok(Some(text))
}

fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    let directory = file.parent().context("the client's file is in a directory")?;
    std::fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
    // Such files hold credentials, whoever else may have read them so far.
    let mode = std::fs::metadata(file).map_or(0o600, |metadata| metadata.permissions().mode() & 0o777);
    tandem_files::atomic_write(file, text.as_bytes(), mode).with_context(|| format!("cannot write {}", file.display()))
}

fn agreed(out: &mut impl io::Write) -> anyhow::Result<bool> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        bail!("nobody can be asked here whether to write that; read the above, then say --yes");
    }
    write!(out, "Write it? [y/N] ")?;
    out.flush()?;
    let mut answer = String::new();
    io::Read::take(io::stdin().lock(), MAX_ANSWER).read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}
