//! `tandem connect`: one entry in the configuration of an MCP client.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use clap::{
    Args,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
};
use tandem_connect::{Change, Client, EntryName, Server, TOKEN_VARIABLE};
use tandem_runtime::{config::ConfigSource, locations::Location};

use crate::{confirm::confirm, exit::Exit, source::Source, terminal};

#[derive(Debug, Args)]
#[command(
    after_help = "The entry starts `tandem serve --stdio`, or with --http names the URL of a running host. It is written into the user's\nfile of the client; everything else in that file stays, comments included. Where callers need an API key or token, the\nclient reads it from its environment variable TANDEM_TOKEN.\n\nExamples:\n  tandem connect claude-code\n  tandem connect codex --config /srv/tandem/tandem.toml\n  tandem connect vscode --http\n  tandem connect cursor --url https://tools.example.com/mcp --token\n  tandem connect goose --print      # for another machine"
)]
pub(crate) struct Connect {
    /// The client
    #[arg(value_parser = clients())]
    client: Client,
    /// The client starts a host of its own [the default]
    #[arg(long, conflicts_with_all = ["http", "url", "token"])]
    stdio: bool,
    /// The client connects to the host at the address of the configuration
    #[arg(long)]
    http: bool,
    /// The client connects to the host at this URL
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Over HTTP: send the variable TANDEM_TOKEN [default: where the configuration has keys]
    #[arg(long)]
    token: bool,
    /// The name of the entry
    #[arg(long, default_value = "tandem")]
    name: EntryName,
    /// The host's configuration [default: that of the user, or of the installation]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The client's configuration file [default: the user's]
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Print the entry, and write nothing
    #[arg(long, conflicts_with = "yes")]
    print: bool,
    /// Write without asking
    #[arg(short, long)]
    yes: bool,
}

fn clients() -> impl TypedValueParser<Value = Client> {
    let names = Client::names().map(|(name, file)| PossibleValue::new(name).help(file));
    PossibleValuesParser::new(names).try_map(|name| name.parse::<Client>())
}

/// Runs it.
pub(crate) fn run(args: &Connect) -> anyhow::Result<Exit> {
    let server = server(args)?;
    if args.print {
        write!(terminal::out(), "{}", tandem_connect::entry(args.client, &args.name, &server)?)?;
        return Ok(Exit::Success);
    }
    let change = Change::prepare(args.client, &args.name, &server, args.file.clone())?;
    let shown = change.path().display();
    let mut out = terminal::err();
    if change.is_empty() {
        writeln!(out, "{} has this entry already: {shown}", args.client)?;
        return Ok(Exit::Success);
    }
    write!(out, "{}", change.diff())?;
    if !confirm(&mut out, "Write it?", "the change", args.yes)? {
        writeln!(out, "nothing was written")?;
        return Ok(Exit::Failure);
    }
    change.write()?;
    writeln!(out, "written: {shown}. {}", next(args, &server))?;
    Ok(Exit::Success)
}

/// What to do for it to count.
fn next(args: &Connect, server: &Server) -> String {
    let restart = format!("Restart {}", args.client);
    match server {
        Server::Http { token: true, .. } => {
            format!("{restart}, with the API key in its environment as {TOKEN_VARIABLE}.")
        }
        _ => format!("{restart}."),
    }
}

fn server(args: &Connect) -> anyhow::Result<Server> {
    let source = Source { config: args.config.clone(), ..Source::default() };
    if let Some(url) = &args.url {
        return Ok(Server::Http { url: tandem_client::endpoint(url)?, token: args.token });
    }
    // What is wrong with it is better told here than in a client's log.
    let config = source.load()?;
    if args.http {
        if config.server.port == 0 {
            bail!("server.port is 0, so that the system chooses it; name the URL with --url");
        }
        let url = format!("http://{}/mcp", config.server.local_address());
        return Ok(Server::Http { url, token: args.token || config.authenticates() });
    }
    let program = std::env::current_exe().context("cannot find the path of this program")?;
    let text =
        |path: &Path| path.to_str().map(str::to_owned).with_context(|| format!("{} is not UTF-8", path.display()));
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
