//! What plugins and strangers set is data, on every ansible-core: whatever stands in it
//! arrives as what it is, and nothing in it runs.
//!
//! `tests/data` has the playbooks; values are drawn at random, the same at each run unless
//! `PLAYHOUSE_DATA_SEED` names another number.

mod values;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};
use tests::{Core, Ran, RunTest, guest};

use crate::test;
use values::{typed, values};

/// How many variables one task is given.
const AT_ONCE: usize = 60;

/// Lets a plugin set `plugins` and gives `strangers` by `--untrusted-vars`.
fn given(test: RunTest, plugins: &Value, strangers: &Value) -> RunTest {
    let entry = json!([{
        "plugin": "extra-vars",
        "config": {"extravars": plugins},
        "allow": {"set": ["/extravars/*"]},
    }]);
    let file = test.private_data_dir().join("strangers.json").display().to_string();
    test.file("env/plugins", &entry.to_string())
        .file("strangers.json", &strangers.to_string())
        .arguments(&["--untrusted-vars", &format!("@{file}")])
}

fn captured(ran: &Ran, name: &str) -> Vec<Value> {
    let path = ran.path("out").join(name);
    let lines = fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("`{}`: {error}\n{}", path.display(), ran.stdout));
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What differs, one line each.
fn differences(way: &str, sent: &Map<String, Value>, arrived: &Value) -> Vec<String> {
    let differs = |name: &str, sent: &Value| {
        let arrived = &arrived[name];
        let sent = typed(sent);
        (*arrived != sent).then(|| format!("{way} {name}: {sent} became {arrived}"))
    };
    sent.iter().filter_map(|(name, value)| differs(name, value)).collect()
}

/// A task that captures these variables, each as `expression` has it.
fn capture(names: &[&String], to: &str, expression: impl Fn(&str) -> String) -> String {
    let members: Vec<String> =
        names.iter().map(|name| format!("{name}: \"{}\"", expression(name))).collect();
    format!("    - capture: {{to: OUT/{to}, value: {{{}}}}}\n", members.join(", "))
}

/// How a template names a variable.
type Expression = fn(&str) -> String;

/// Values come back type for type: on every core as a task finds them, and since 2.19, which
/// no longer looks into texts for Python's literals, by every other way too.
fn values_arrive_as_they_are(core: Core) {
    if !core.is_there() {
        return;
    }
    let (plugins, strangers) = (values("p", core), values("s", core));
    let sent: Map<String, Value> = plugins.clone().into_iter().chain(strangers.clone()).collect();
    let names: Vec<&String> = sent.keys().collect();
    let mut playbook = format!(
        "- hosts: all\n  gather_facts: false\n  tasks:\n    - capture: {{to: OUT/raw, names: {}}}\n",
        json!(names)
    );
    let ways: [(&str, Expression); 3] = [
        ("argument", |name| format!("{{{{ {name} }}}}")),
        ("hostvars", |name| format!("{{{{ hostvars.web1.{name} }}}}")),
        ("lookup", |name| format!("{{{{ lookup('vars', '{name}') }}}}")),
    ];
    for chunk in names.chunks(AT_ONCE) {
        for (to, expression) in ways {
            playbook += &capture(chunk, to, expression);
        }
        let echoed: Vec<String> =
            chunk.iter().map(|name| format!("{name}: \"{{{{ {name} }}}}\"")).collect();
        let _ = write!(
            playbook,
            "    - echo: {{value: {{{}}}}}\n      register: answer\n    - capture: {{to: OUT/module, value: \"{{{{ answer.echoed }}}}\"}}\n",
            echoed.join(", ")
        );
    }
    let test = test().core(core).local_hosts(&["web1"]).copy_of("data");
    let out = test.private_data_dir().join("out");
    fs::create_dir(&out).unwrap();
    let playbook = playbook.replace("OUT", &out.display().to_string());
    let ran = given(test.playbook(&playbook), &Value::Object(plugins), &Value::Object(strangers))
        .run()
        .expect_code(0);

    let mut wrong = differences("raw", &sent, &captured(&ran, "raw")[0]);
    if !matches!(core, Core::V2_16 | Core::V2_17 | Core::V2_18) {
        for way in ["argument", "hostvars", "lookup", "module"] {
            let mut arrived = Map::new();
            for line in captured(&ran, way) {
                for member in line["map"].as_array().unwrap() {
                    let name = member[0]["text"].as_str().unwrap().to_owned();
                    arrived.insert(name, member[1].clone());
                }
            }
            wrong.extend(differences(way, &sent, &Value::Object(arrived)));
        }
    }
    wrong.truncate(20);
    assert!(wrong.is_empty(), "{} of core {}: {wrong:#?}", wrong.len(), core.name());
}

/// Values that run a command as soon as anything in them is taken for a template or an
/// expression.
fn hostile_values(canary: &Path) -> [(&'static str, Value); 5] {
    let runs = |name: &str| format!("lookup('pipe', 'touch {}/{name}')", canary.display());
    let template = |name: &str| format!("{{{{ {} }}}}", runs(name));
    let block = |name: &str| format!("{{% if {} %}}{{% endif %}}", runs(name));
    let sum = "{{ 6*7777 }}";
    [
        (
            "h_map",
            json!({
                "{": template("value"),
                "a": [{"b": [template("deep"), {"c": sum, "}}": block("deeper")}]}],
                "yes": "1.10",
                (runs("key_expression")): runs("value_expression"),
                format!("[[ {} ]]", runs("key_in_brackets")): format!("[[ {} ]]", runs("brackets")),
                format!("{{ {} }}}}", runs("key_of_one_brace")): 1,
                format!("% set x = {} %}}", runs("key_of_a_block")): format!("{sum}{}", block("block")),
            }),
        ),
        (
            // No text beside the keys: nothing but a key can be marked.
            "h_keys",
            json!({
                "{": 1,
                format!("{{ {} }}}}", runs("lone_key_of_one_brace")): 2,
                format!("[[ {} ]]", runs("lone_key_in_brackets")): 3,
                (runs("lone_key_expression")): null,
                "a": [{"}}": {"{": 0}}],
            }),
        ),
        ("h_list", json!([template("item"), block("item_block"), sum, [sum, template("list")]])),
        ("h_text", json!(format!("{sum}{}", template("text")))),
        ("h_expression", json!(runs("expression"))),
    ]
}

/// None of these values runs a command, however a playbook uses it.
fn nothing_runs(core: Core) {
    if !core.is_there() {
        return;
    }
    let test = test().core(core).local_hosts(&["web1"]).copy_of("data");
    let folder = |name: &str| {
        let folder = test.private_data_dir().join(name);
        fs::create_dir(&folder).unwrap();
        folder
    };
    let (canary, out) = (folder("canary"), folder("out"));
    let uses = fs::read_to_string(test.private_data_dir().join("uses.yml")).unwrap();
    let uses = uses.replace("OUT", &out.display().to_string());
    let hostile = hostile_values(&canary);
    let mut playbook = "\
- hosts: all
  gather_facts: false
  tasks:
    - {name: An operator's template runs, debug: {msg: \"{{ theirs }}\"}}
"
    .to_owned();
    let mut test = test.file(
        "env/extravars",
        &format!("theirs: \"{{{{ lookup('pipe', 'touch {}/theirs') }}}}\"\n", canary.display()),
    );
    for (name, _) in &hostile {
        let _ = write!(
            playbook,
            "- hosts: web1\n  name: \"Play {{{{ {name} }}}}\"\n  gather_facts: false\n  ignore_errors: true\n  ignore_unreachable: true\n  vars: {{of_play: \"{{{{ {name} }}}}\"}}\n  roles: [{{role: given, it: \"{{{{ {name} }}}}\"}}]\n  tasks: [{{import_tasks: uses_{name}.yml}}]\n"
        );
        test = test.file(&format!("project/uses_{name}.yml"), &uses.replace("SUBJECT", name)).file(
            &format!("project/from_{name}.yml"),
            &format!("whole: \"{{{{ {name} }}}}\"\nparts: \"{{{{ {name} | list }}}}\"\n"),
        );
    }
    let (plugins, strangers): (Vec<_>, Vec<_>) =
        hostile.into_iter().enumerate().partition(|(index, _)| index % 2 == 0);
    let variables = |chosen: Vec<(usize, (&str, Value))>| {
        Value::Object(chosen.into_iter().map(|(_, (name, value))| (name.into(), value)).collect())
    };
    let ran = given(test.playbook(&playbook), &variables(plugins), &variables(strangers)).run();

    let tasks =
        ran.events().iter().filter(|event| event["event"] == "playbook_on_task_start").count();
    let end = ran.stdout.char_indices().rev().nth(3_000).map_or(0, |(index, _)| index);
    assert!(tasks > 400, "only {tasks} tasks on core {}\n{}", core.name(), &ran.stdout[end..]);
    let mut executed: Vec<_> =
        fs::read_dir(&canary).unwrap().map(|file| file.unwrap().file_name()).collect();
    executed.sort();
    assert_eq!(executed, ["theirs"], "ran on core {}", core.name());
    assert!(!ran.stdout.contains("46662"), "a sum was done on core {}", core.name());
}

/// A plugin's edit in an operator's variable leaves what is beside it as it was: what was no
/// template is none, what was one is one, and types are kept.
fn neighbours_are_as_they_were(core: Core) {
    if !core.is_there() {
        return;
    }
    let playbook = "\
- hosts: all
  gather_facts: false
  vars: {here: found}
  tasks:
    - assert:
        that:
          - cfg.template == 'found'
          - cfg.raw | length == 12
          - cfg.list[0] | length == 12
          - cfg.date | string == '2024-01-01'
          - cfg.date is not string
          - cfg.octal == 8
          - cfg.text == '010'
          - cfg.yes is boolean
          - cfg.set == 'q'
          - cfg.whole.deep | length == 12
          - cfg.whole.more == 1
    - debug: {msg: \"{{ cfg.raw }} {{ cfg.list }} {{ cfg.whole }}\"}
";
    let extravars = "\
cfg:
  template: '{{ here }}'
  raw: !unsafe '{{ 6*7777 }}'
  list: [!unsafe '{{ 6*7777 }}']
  date: 2024-01-01
  octal: 010
  text: '010'
  yes: on
  whole: !unsafe {deep: '{{ 6*7777 }}'}
";
    let set = "[[/extravars/cfg/set, q], [/extravars/cfg/whole/more, 1]]";
    let ran = test()
        .core(core)
        .local_hosts(&["web1"])
        .playbook(&playbook.replace("cfg.yes", "cfg['yes']"))
        .file("env/extravars", &extravars.replace("  yes: on", "  'yes': on"))
        .file(
            "env/plugins",
            &format!(
                "- plugin: {}\n  config: {{in: prepare, do: set, set: {set}}}\n  allow: {{set: [/extravars/cfg]}}\n",
                guest("rogue").display()
            ),
        )
        .run()
        .expect_code(0);
    assert!(!ran.stdout.contains("46662"), "{}", ran.stdout);
    let left = fs::read_to_string(ran.path("env/extravars")).unwrap();
    assert!(left.contains("date: 2024-01-01"), "the operator's file is as it was");
}

/// The three for each core.
macro_rules! on_each_core {
    ($($name:ident: $core:ident),*) => {$(
        mod $name {
            use super::*;

            #[test]
            fn values_arrive_as_they_are() {
                super::values_arrive_as_they_are(Core::$core);
            }

            #[test]
            fn nothing_runs() {
                super::nothing_runs(Core::$core);
            }

            #[test]
            fn neighbours_are_as_they_were() {
                super::neighbours_are_as_they_were(Core::$core);
            }
        }
    )*};
}

on_each_core!(
    core_2_16: V2_16, core_2_17: V2_17, core_2_18: V2_18, core_2_19: V2_19, core_2_20: V2_20,
    core_2_21: V2_21, core_2_22: V2_22
);

/// What is left in `env/` for the next run is what it was for this one: data stays data.
#[test]
fn data_that_is_left_for_the_next_run_stays_data() {
    let playbook = "\
- hosts: all
  gather_facts: false
  tasks:
    - debug: {msg: \"{{ theirs }} {{ own }}\"}
    - assert: {that: ['theirs.text | length == 12', 'theirs.version is string', 'own == 4']}
";
    let test = test().local_hosts(&["web1"]).playbook(playbook);
    let file = test.private_data_dir().join("strangers.yml").display().to_string();
    let ran = test
        .file("strangers.yml", "theirs: {text: '{{ 6*7777 }}', version: '1.10'}\n")
        .arguments(&["--untrusted-vars", &format!("@{file}"), "--persist-inputs"])
        .arguments(&["-e", "own={{ 2 + 2 }}"])
        .run()
        .expect_code(0);
    assert!(!ran.stdout.contains("46662"), "{}", ran.stdout);
    let kept = fs::read_to_string(ran.path("env/extravars")).unwrap();
    assert!(kept.contains("!unsafe \"{{ 6*7777 }}\""), "{kept}");

    // The next run edits beside it, and has no other word of it than that file.
    fs::write(&file, "{}").unwrap();
    let entry = format!(
        "- plugin: {}\n  config: {{in: prepare, do: set, set: [[/extravars/theirs/more, 1]]}}\n  allow: {{set: [/extravars/theirs]}}\n",
        guest("rogue").display()
    );
    fs::write(ran.path("env/plugins"), entry).unwrap();
    fs::remove_dir_all(ran.path("artifacts")).unwrap();
    let ran = ran.again().expect_code(0);
    assert!(!ran.stdout.contains("46662"), "{}", ran.stdout);
}

#[test]
fn a_stranger_sets_no_variable_that_steers_ansible() {
    for (variables, part) in [
        (
            json!({"ansible_connection": "ssh"}),
            "`ansible_connection` cannot be set: it tells Ansible",
        ),
        (json!({"_ansible_ansiballz_debugpy_config": {}}), "it tells Ansible how to work"),
        (json!({"inventory_hostname": "h"}), "Ansible sets `inventory_hostname` itself"),
        (json!({"a": [{"{{ x }}": 1}]}), "Ansible before 2.19 takes such a key for a template"),
        (json!({"a-b": 1}), "cannot name a variable"),
        (json!([1]), "write a mapping"),
    ] {
        let test = crate::hello();
        let file = test.private_data_dir().join("strangers.json").display().to_string();
        let ran = test
            .file("strangers.json", &variables.to_string())
            .arguments(&["--untrusted-vars", &format!("@{file}")])
            .run()
            .expect_stderr(part);
        assert_ne!(ran.code, Some(0));
        assert_eq!(ran.stdout, "", "nothing was started");
    }
    for (word, part) in
        [("x=1", "with `@` before its path"), ("@/nowhere/vars.yml", "`/nowhere/vars.yml`")]
    {
        let ran = crate::hello().arguments(&["--untrusted-vars", word]).run().expect_stderr(part);
        assert_ne!(ran.code, Some(0));
    }
}
