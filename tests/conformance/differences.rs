//! The README's table "Differences", and that it has every row that a case names.

use std::fs;
use std::path::Path;

use crate::case::Case;

/// The rows that cases name and the table does not have once.
pub(crate) fn missing_in_readme(cases: &[&Case]) -> Vec<String> {
    let rows = rows();
    let mut missing = Vec::new();
    for case in cases {
        for (row, _) in case.differences {
            let count = rows.iter().filter(|known| known.starts_with(row)).count();
            if count != 1 {
                missing.push(format!(
                    "{}: {count} rows of the README's table begin with: {row}",
                    case.name
                ));
            }
        }
    }
    missing
}

/// The first cells of the table.
fn rows() -> Vec<String> {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = fs::read_to_string(readme).expect("the README");
    let (_, section) = readme.split_once("\n## Differences\n").expect("its section");
    let section = section.split("\n## ").next().unwrap_or(section);
    let cells = section.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    cells.skip(1).map(str::to_owned).collect()
}
