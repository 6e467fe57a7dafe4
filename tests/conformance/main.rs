//! The conformance suite: many private data directories, each run by Playhouse and by
//! Ansible Runner 2.4.3, and all that both leave compared. A case is equal, or differs in
//! the places and for the rows of the README's table "Differences" that it names; that a
//! named difference is gone is a failure too.
//!
//! Each case runs on one version of Ansible, in turn, or on both where
//! `PLAYHOUSE_CONFORMANCE` is `all`. Words on the command line choose cases by name.
//!
//! Both runners use one fork, since with more the order of events differs from run to
//! run, and unbuffered Python, since otherwise the peer takes warnings for loose text.
#![expect(clippy::print_stdout, reason = "the report")]

mod case;

mod differences;

mod tasks;

mod plays;

mod errors;

mod facts;

mod input;

mod directories;

mod passwords;

mod output;

mod jobs;

mod usage;

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use std::{env, panic, thread};

use tests::Core;

use case::Case;

/// The program under test.
const PROGRAM: tests::Program = env!("CARGO_BIN_EXE_playhouse-under-test");

/// As many as a small machine has cores.
const THREADS: usize = 2;

fn main() -> ExitCode {
    let started = Instant::now();
    let words: Vec<String> = env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let topics = [
        tasks::CASES,
        plays::CASES,
        errors::CASES,
        facts::CASES,
        input::CASES,
        directories::CASES,
        passwords::CASES,
        output::CASES,
        jobs::CASES,
        usage::CASES,
    ];
    let cases: Vec<&Case> = topics.into_iter().flatten().collect();
    let runs = runs(&cases, &words);
    let mut failures = run_all(&runs);
    failures.extend(differences::missing_in_readme(&cases));
    for failure in &failures {
        println!("\n{failure}");
    }
    println!(
        "\n{} cases, {} runs of each of the two in {:.0} s; {} failures",
        cases.len(),
        runs.len(),
        started.elapsed().as_secs_f64(),
        failures.len()
    );
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The chosen cases, each with a version of Ansible.
fn runs<'cases>(cases: &[&'cases Case], words: &[String]) -> Vec<(&'cases Case, Core)> {
    let cores = [Core::V2_16, Core::V2_19];
    let on_both = env::var("PLAYHOUSE_CONFORMANCE").is_ok_and(|value| value == "all");
    let mut runs = Vec::new();
    for (index, case) in cases.iter().enumerate() {
        if !words.is_empty() && !words.iter().any(|word| case.name.contains(word)) {
            continue;
        }
        let chosen = cores.iter().enumerate().filter(|(core, _)| on_both || index % 2 == *core);
        runs.extend(chosen.map(|(_, core)| (*case, *core)));
    }
    runs
}

/// Runs all, prints a line each; what is not as it must be.
fn run_all(runs: &[(&Case, Core)]) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    let work = || {
        while let Some((case, core)) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let outcome = panic::catch_unwind(|| case.run(*core))
                .unwrap_or_else(|_| Err("\nthe harness gave up; it says why above".to_owned()));
            let verdict = match &outcome {
                Ok(()) => match case.rows_on(*core) {
                    rows if rows.is_empty() => "equal".to_owned(),
                    rows => format!("different as listed: {rows}"),
                },
                Err(_) => "NOT AS IT MUST BE".to_owned(),
            };
            println!("{} ({}): {verdict}", case.name, core.name());
            if let Err(wrong) = outcome {
                let failure = format!("--- {} ({}){wrong}", case.name, core.name());
                failures.lock().expect("no panic in here").push(failure);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(work);
        }
    });
    failures.into_inner().expect("no panic in here")
}
