//! The edits that a pre-run hook gives, read and bounded: what is done with them costs the
//! host as much as there is of them, and no budget of the plugin's counts that.

use serde_json::Value;

use super::Edit;
use super::bindings::exports::playhouse::plugin::pre_run;

/// Edits of one plugin.
const MOST: usize = 10_000;

/// Bytes of their paths, values and reasons together.
const MOST_BYTES: usize = 4 << 20;

/// Edits as the host has them. The error says what is wrong with them as a whole or with one.
pub(super) fn our_edits(edits: Vec<pre_run::Edit>) -> Result<Vec<Edit>, String> {
    if edits.len() > MOST {
        return Err(format!("it gave {} edits; {MOST} is the most", edits.len()));
    }
    let bytes: usize = edits.iter().map(size).sum();
    if bytes > MOST_BYTES {
        return Err(format!("its edits take {bytes} bytes; {MOST_BYTES} is the most"));
    }
    edits.into_iter().map(our_edit).collect()
}

fn size(edit: &pre_run::Edit) -> usize {
    match edit {
        pre_run::Edit::Set(assignment) | pre_run::Edit::Append(assignment) => {
            assignment.path.len() + assignment.value.len() + assignment.reason.len()
        }
        pre_run::Edit::Unset(path) => path.len(),
    }
}

fn our_edit(edit: pre_run::Edit) -> Result<Edit, String> {
    let parsed = |assignment: &pre_run::Assignment| -> Result<Value, String> {
        serde_json::from_str(&assignment.value).map_err(|error| {
            format!("its value for `{}` is not one JSON value: {error}", assignment.path)
        })
    };
    Ok(match edit {
        pre_run::Edit::Set(assignment) => Edit::Set {
            value: parsed(&assignment)?,
            path: assignment.path,
            reason: assignment.reason,
        },
        pre_run::Edit::Append(assignment) => Edit::Append {
            value: parsed(&assignment)?,
            path: assignment.path,
            reason: assignment.reason,
        },
        pre_run::Edit::Unset(path) => Edit::Unset { path },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assignment(value: &str) -> pre_run::Assignment {
        pre_run::Assignment { path: "/limit".into(), value: value.into(), reason: "r".into() }
    }

    #[test]
    fn an_edit_carries_one_json_value() {
        let edits = our_edits(vec![pre_run::Edit::Set(assignment("\"web*\""))]).unwrap();
        let expected =
            Edit::Set { path: "/limit".into(), value: "web*".into(), reason: "r".into() };
        assert_eq!(edits, [expected]);
        let error = our_edits(vec![pre_run::Edit::Append(assignment("web*"))]).unwrap_err();
        assert!(error.contains("`/limit`"), "{error}");
    }

    #[test]
    fn their_number_and_size_have_an_end() {
        let unset = |count| vec![pre_run::Edit::Unset("/limit".into()); count];
        assert_eq!(our_edits(unset(MOST)).map(|edits| edits.len()), Ok(MOST));
        assert!(our_edits(unset(MOST + 1)).unwrap_err().contains("10000 is the most"));
        let long = assignment(&"1".repeat(MOST_BYTES));
        let error = our_edits(vec![pre_run::Edit::Set(long)]).unwrap_err();
        assert!(error.contains("bytes"), "{error}");
    }
}
