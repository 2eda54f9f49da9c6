//! The binary `clientela`.

use clap::Parser as _;
use clientela_server::cli::Cli;
use clientela_server::commands;
use std::io::Write as _;
use std::process::ExitCode;

/// A request makes and drops some hundreds of small values, on whichever thread its task is at the moment. Not in debug builds, whose larger frames and
/// values it would keep twice the memory for.
#[cfg(not(debug_assertions))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    let outcome = match runtime() {
        Ok(runtime) => runtime.block_on(commands::run(&cli)),
        Err(error) => Err(commands::Failure::Usage(format!("The system gives no threads: {error}"))),
    };
    let failure = match outcome {
        Ok(code) => return ExitCode::from(code),
        Err(failure) => failure,
    };
    // Nobody may be listening any more; the exit code still tells.
    let _ = if cli.common.json {
        writeln!(std::io::stdout(), "{}", failure.json())
    } else {
        writeln!(std::io::stderr(), "clientela: {}", failure.text())
    };
    ExitCode::from(failure.exit_code())
}

/// Says what is wrong with the command line. To `import` exit code 2 means that something was refused, so a mistake on its
/// command line ends with 1.
fn refuse(error: &clap::Error) -> ExitCode {
    // Nobody may be listening any more; the exit code still tells.
    let _ = error.print();
    let imports = std::env::args_os().any(|argument| argument == "import");
    let code = if imports { error.exit_code().min(1) } else { error.exit_code() };
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}

/// One worker for each core; with a single core none at all, since handing work to another thread only costs there.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut builder = if cores == 1 {
        tokio::runtime::Builder::new_current_thread()
    } else {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(cores);
        builder
    };
    builder.enable_all().build()
}
