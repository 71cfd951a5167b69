//! The commands, and what each asks of the host.

use clap::{Args, Subcommand};
use tandem_client::{Arguments, Session};

use super::{print_result, show};
use crate::{exit::Exit, progress, runtime::block_on, target::Target};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Tool {
    #[command(subcommand)]
    command: Option<ToolCommand>,
    #[command(flatten)]
    list: List,
}

#[derive(Debug, Subcommand)]
enum ToolCommand {
    /// Call a tool
    Call(Call),
    /// List the categories and their tools
    List(List),
    /// Show a tool with its parameters
    Show(Show),
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tandem tool call dataset_load '{\"path\": \"data/countries.csv\", \"limit\": 3}'\n  tandem tool call dataset_load path=data/countries.csv limit=3\n  echo '{\"path\": \"data/countries.csv\"}' | tandem tool call dataset_load -\n\nNAME=VALUE: a value that is JSON is sent as such, unless the tool's schema asks for a string.\n\nExit codes: 0 the tool succeeded, 1 the call failed, 2 usage, 5 the tool returned an error."
)]
pub(crate) struct Call {
    /// The tool
    tool: String,
    /// Its arguments: a JSON object, `-` to read one from standard input, or NAME=VALUE for each
    #[arg(value_name = "ARGUMENTS")]
    arguments: Vec<String>,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tandem tool list\n  tandem tool list dataset          # the tools of a category")]
struct List {
    /// Only this category; the name of a tool shows it
    #[arg(value_name = "CATEGORY")]
    name: Option<String>,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tandem tool show dataset_load")]
struct Show {
    /// The tool
    name: String,
    #[command(flatten)]
    target: Target,
}

pub(crate) fn run(args: Tool) -> anyhow::Result<Exit> {
    match args.command.unwrap_or(ToolCommand::List(args.list)) {
        ToolCommand::Call(args) => call(args),
        ToolCommand::List(List { name, target }) => list(name.as_deref(), &target),
        ToolCommand::Show(Show { name, target }) => list(Some(&name), &target),
    }
}

/// Calls a tool and prints its answer.
pub(crate) fn call(args: Call) -> anyhow::Result<Exit> {
    let Call { tool, arguments, target } = args;
    let arguments = Arguments::parse(&arguments)?;
    block_on(async {
        let progress = progress::Call::new(progress::is_drawn() && !target.json);
        let session = Session::open(&(&target).into(), progress.clone()).await?;
        let result = session.call(&tool, session.typed(&tool, arguments).await?).await;
        progress.finish();
        let result = result?;
        print_result(&result, target.json)?;
        session.close().await;
        Ok(if result.is_error == Some(true) { Exit::ToolError } else { Exit::Success })
    })?
}

fn list(name: Option<&str>, target: &Target) -> anyhow::Result<Exit> {
    let mut tools = target.ask(async |host| Ok(host.tools().await?))?;
    tools.sort_by(|a, b| (show::category_of(a), &a.name).cmp(&(show::category_of(b), &b.name)));
    match name {
        None => show::list(&tools, target.json)?,
        Some(name) => show::named(tools, name, target.json)?,
    }
    Ok(Exit::Success)
}
