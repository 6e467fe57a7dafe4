//! The program: everything is in [`playhouse::cli`].

fn main() -> std::process::ExitCode {
    playhouse::cli::main()
}
