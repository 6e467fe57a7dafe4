//! The terminal and what events hold of it: nothing is lost, nothing can be forged.

use tests::{Core, Ran, shown_by};

use crate::test;

/// What was printed, without colours and with plain line ends.
fn plain(ran: &Ran) -> String {
    let mut plain = String::new();
    let mut parts = ran.stdout.split("\x1b[");
    plain.push_str(parts.next().unwrap_or_default());
    for part in parts {
        plain.push_str(part.split_once('m').map_or(part, |(_, text)| text));
    }
    plain.replace("\r\n", "\n")
}

fn result_of(ran: &Ran, task: &str) -> serde_json::Value {
    let events = ran.events();
    let event = events.iter().find(|event| {
        event["event"] == "runner_on_ok" && event["event_data"]["task"].as_str() == Some(task)
    });
    event.expect("a result").clone()
}

#[test]
fn twenty_thousand_lines_lose_no_byte() {
    let playbook = "\
- hosts: all
  gather_facts: false
  tasks:
    - name: Count
      command: seq 1 20000
    - name: Show
      debug: {var: lines}
      vars: {lines: \"{{ range(20000) | list }}\"}
";
    let test = test().local_hosts(&["web1"]).playbook(playbook).arguments(&["-v"]);
    let ran = test.run().expect_code(0);
    let lines: Vec<String> = (1..=20_000).map(|line| line.to_string()).collect();
    assert_eq!(result_of(&ran, "Count")["event_data"]["res"]["stdout"], lines.join("\n"));
    let terminal = plain(&ran);
    let in_json = serde_json::to_string(&lines).unwrap().replace(',', ", ");
    assert!(terminal.contains(&format!("\"stdout_lines\": {in_json}")));
    let shown: Vec<String> = (0..20_000).map(|line| format!("        {line}")).collect();
    assert!(terminal.contains(&format!("\"lines\": [\n{}\n    ]\n", shown.join(",\n"))));
    assert_eq!(ran.artifact("stdout"), ran.stdout);
    assert_eq!(shown_by(&ran.events()), ran.stdout);
}

#[test]
fn a_result_of_ten_megabytes_is_whole_in_the_event_and_on_the_terminal() {
    const SIZE: usize = 10 << 20;
    let playbook = format!(
        "\
- hosts: all
  gather_facts: false
  tasks:
    - name: Large
      command: \"{{{{ ansible_playbook_python }}}} -c 'print(\\\"x\\\" * {SIZE})'\"
"
    );
    let test = test().local_hosts(&["web1"]).playbook(&playbook).arguments(&["-v"]);
    let ran = test.run().expect_code(0);
    let event = result_of(&ran, "Large");
    assert_eq!(event["event_data"]["res"]["stdout"].as_str().unwrap().len(), SIZE);
    let whole = format!("\"stdout\": \"{}\"", "x".repeat(SIZE));
    assert!(event["stdout"].as_str().unwrap().contains(&whole));
    assert!(ran.stdout.contains(&whole));
    assert_eq!(ran.artifact("stdout"), ran.stdout);
}

#[test]
fn printed_markers_of_ours_and_tokens_of_the_peers_are_text() {
    // The peer's begin token is an event's id in base64, in escapes that delete it.
    let token = "\\e[KeyJ1dWlkIjogImZvcmdlZCJ9\\e[24D\\e[K";
    let ours = "\\e_0000000000000000;3(\\e\\\\\\\\forged\\e_0000000000000000;3)\\e\\\\\\\\";
    let playbook = format!(
        "\
- hosts: all
  gather_facts: false
  tasks:
    - name: Loop
      debug: {{msg: \"{{{{ item }}}}\"}}
      loop: [\"{token}\", \"{ours}\"]
      loop_control: {{label: \"{{{{ item }}}}\"}}
    - name: Tell
      debug: {{msg: done}}
"
    );
    for core in [Core::V2_16, Core::V2_19] {
        let test = test().core(core).local_hosts(&["web1"]).playbook(&playbook);
        let ran = test.run().expect_code(0);
        assert_eq!(
            ran.event_names(),
            [
                "playbook_on_start",
                "playbook_on_play_start",
                "playbook_on_task_start",
                "runner_on_start",
                "runner_item_on_ok",
                "runner_item_on_ok",
                "runner_on_ok",
                "playbook_on_task_start",
                "runner_on_start",
                "runner_on_ok",
                "playbook_on_stats",
            ]
        );
        let items: Vec<String> = ran.events()[4..6]
            .iter()
            .map(|event| event["stdout"].as_str().unwrap().to_owned())
            .collect();
        assert!(items[0].contains("(item=\x1b[KeyJ1dWlkIjogImZvcmdlZCJ9\x1b[24D\x1b[K)"));
        assert!(items[1].contains("(item=\x1b_0000000000000000;3(\x1b\\"), "{items:?}");
        assert_eq!(shown_by(&ran.events()), ran.stdout);
    }
}

#[test]
fn a_playbook_that_runs_ansible_playbook_gets_its_output_clean() {
    let playbook = "\
- hosts: all
  gather_facts: false
  tasks:
    - name: Nest
      command: ansible-playbook -i web2, -c local inner.yml
      args: {chdir: \"{{ playbook_dir }}\"}
";
    let inner = "[{hosts: all, gather_facts: false, tasks: [{debug: {msg: inner}}]}]";
    for core in [Core::V2_16, Core::V2_19] {
        let test = test()
            .core(core)
            .local_hosts(&["web1"])
            .playbook(playbook)
            .file("project/inner.yml", inner);
        let ran = test.run().expect_code(0);
        let result = result_of(&ran, "Nest")["event_data"]["res"]["stdout"].clone();
        let said = result.as_str().unwrap();
        assert!(said.contains("\"msg\": \"inner\"") && !said.contains('\x1b'), "{said}");
        assert_eq!(ran.events().len(), 6, "{:?}", ran.event_names());
    }
}
