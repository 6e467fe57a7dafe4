//! The twin of `host/src/main.rs`: Cargo tells a test where a program is only within
//! one package.

fn main() -> std::process::ExitCode {
    playhouse::cli::main()
}
