//! Where components are compiled: in processes of a program, or in this one.

use std::path::PathBuf;

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
