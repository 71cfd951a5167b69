//! Where components are compiled: in processes of a program, or in this one.

use std::{io, path::PathBuf};

use tandem_config::HostConfig;
use tandem_engine::{CompileBudget, Compiler};

/// A program that compiles components, as [`tandem_engine::compile`] does with the order that is its last argument.
#[derive(Clone, Debug)]
pub struct CompilerProgram {
    /// The program.
    pub program: PathBuf,
    /// What comes before the order.
    pub arguments: Vec<String>,
    /// Its whole environment.
    pub environment: Vec<(String, String)>,
}

/// The program that runs, also when another one has come into its place on the disk.
const THIS_PROGRAM: &str = "/proc/self/exe";

impl CompilerProgram {
    /// This very program, with the argument by which it knows what is asked.
    ///
    /// # Errors
    /// The system does not say where the program is.
    pub fn this_program(argument: &str, environment: &[(&str, &str)]) -> io::Result<Self> {
        let program = PathBuf::from(THIS_PROGRAM);
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Ok(Self {
            program: if program.exists() { program } else { std::env::current_exe()? },
            arguments: vec![argument.to_owned()],
            environment: environment.iter().map(owned).collect(),
        })
    }
}

/// Compiles in processes of a program, or here.
pub(crate) fn of(config: &HostConfig, program: Option<CompilerProgram>) -> Compiler {
    let Some(CompilerProgram { program, arguments, environment }) = program else { return Compiler::Here };
    let budget = CompileBudget {
        cpu: config.plugins.compile_cpu.as_duration(),
        memory: config.plugins.compile_memory.as_u64(),
        patience: config.plugins.compile_patience.as_duration(),
    };
    Compiler::Apart { program, arguments, environment, budget }
}
