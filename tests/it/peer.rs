//! The same input gives what Ansible Runner 2.4.3 gives: the first runs to look at when
//! events change. The conformance suite has the many.
//!
//! Both run with one fork, since with more the order of events differs from run to run,
//! and with unbuffered Python, since otherwise the peer takes warnings for loose text.

use tests::same_as_peer;

use crate::test;

#[test]
fn the_demos_playbook() {
    // With a loop on three hosts one's item may come before or after another's start.
    let test = test()
        .copy_of("demo")
        .any_order()
        .file("env/extravars", "service: storefront\nregion: north\nrelease: 1.4.2\n");
    let ran = same_as_peer(test, &["-p", "site.yml", "--forks", "1"]);
    assert!(ran.events().len() > 40, "{} events", ran.events().len());
}

#[test]
fn every_kind_of_event() {
    let included = "- debug: {msg: included}\n";
    let playbook = "\
- name: All kinds
  hosts: all
  gather_facts: true
  gather_subset: [min]
  vars:
    secret: swordfish
  tasks:
    - {name: Warn, debug: {msg: \"{{ 'é ✓' }}\"}, notify: nothing-yet}
    - {name: Loop, command: \"test {{ item }} = a\", loop: [a, b], ignore_errors: true, changed_when: false}
    - {name: Hidden, debug: {msg: \"{{ item }}\"}, loop: [\"{{ secret }}\"], no_log: true}
    - {name: Include, include_tasks: inc.yml}
    - {name: Retry, command: 'false', retries: 1, delay: 0, register: r, until: r.rc == 0, ignore_errors: true}
    - {name: Async, command: 'true', async: 20, poll: 1, vars: {ansible_async_dir: \"{{ playbook_dir }}/async\"}}
    - name: Copy
      copy: {content: \"new\\n\", dest: \"{{ playbook_dir }}/copied\"}
      diff: true
    - {name: Remove, file: {path: \"{{ playbook_dir }}/copied\", state: absent}}
    - {name: Stat, set_stats: {data: {n: 42}}}
    - {name: Skip, debug: {msg: no}, when: false}
    - {name: Changed, command: 'true', notify: late}
    - name: Block
      block:
        - {name: Fails, fail: {msg: broken}}
      rescue:
        - {name: Rescues, debug: {var: ansible_failed_result.msg}}
      always:
        - {name: Always, meta: noop}
  handlers:
    - {name: nothing-yet, debug: {msg: never}}
    - {name: late, debug: {msg: handled}}
- name: Nobody
  hosts: nowhere
  tasks: []
- name: Gone
  hosts: all
  gather_facts: false
  tasks:
    - {name: Unreachable, ping: {}, vars: {ansible_connection: ssh, ansible_host: 127.0.0.1, ansible_port: 1}}
    - {name: Unseen, debug: {msg: never}}
";
    let run = |verbosity: &[&str]| {
        let test = test()
            .local_hosts(&["web1"])
            .file("project/inc.yml", included)
            .file("project/site.yml", playbook);
        let arguments = [&["-p", "site.yml", "--forks", "1"], verbosity].concat();
        same_as_peer(test, &arguments)
    };
    let names = run(&[]).event_names();
    for name in
        ["runner_retry", "runner_on_async_ok", "runner_on_unreachable", "playbook_on_include"]
    {
        assert!(names.iter().any(|known| known == name), "{name} in {names:?}");
    }
}

#[test]
fn a_verbose_run() {
    let test = test().local_hosts(&["web1"]).file("project/site.yml", crate::HELLO);
    same_as_peer(test, &["-p", "site.yml", "--forks", "1", "-vv"]);
}

#[test]
fn a_playbook_that_cannot_be_read() {
    for text in ["- hosts: all\n  tasks: {\n", "- hosts: all\n  tasks:\n    - no_such_module:\n"] {
        let test = test().local_hosts(&["web1"]).file("project/site.yml", text);
        same_as_peer(test, &["-p", "site.yml", "--forks", "1"]);
    }
}
