//! The SDK's types for results of modules, over what real modules return.

use playhouse_plugin::Event;
use playhouse_plugin::results::{
    CommandLine, CommandResult, FactsResult, FileResult, FileStatus, LineResult, PackageResult,
    ServiceResult, StatResult, UriResult,
};
use playhouse_plugin::testing::Recording;
use receiver::{Answer, Receiver, Request};
use serde::de::DeserializeOwned;
use tests::Core;

use crate::test;

const PLAYBOOK: &str = "\
- hosts: all
  gather_facts: false
  tasks:
    - {name: facts, setup: {gather_subset: ['!all']}}
    - {name: set, set_fact: {a: 1}}
    - {name: words, command: echo out}
    - {name: line, shell: 'echo err >&2; exit 3', ignore_errors: true}
    - {name: kept, command: {cmd: 'true', creates: /}}
    - {name: there, stat: {path: /etc/passwd}}
    - {name: nowhere, stat: {path: /nowhere}}
    - {name: copy, copy: {content: hello, dest: '{{ inventory_dir }}/x', mode: '0600'}}
    - {name: again, copy: {content: hello, dest: '{{ inventory_dir }}/x', mode: '0600'}}
    - {name: template, template: {src: x.j2, dest: '{{ inventory_dir }}/y'}}
    - {name: folder, file: {path: '{{ inventory_dir }}/d', state: directory}}
    - {name: absent, file: {path: '{{ inventory_dir }}/d', state: absent}}
    - {name: line in file, lineinfile: {path: '{{ inventory_dir }}/y', line: ho}}
    - {name: same line, lineinfile: {path: '{{ inventory_dir }}/y', line: ho}}
    - {name: asked, uri: {url: '{{ receiver }}'}}
    - {name: nobody, uri: {url: 'http://127.0.0.1:1/'}, ignore_errors: true}
    - name: packages
      package: {name: sudo, state: present}
      vars: {ansible_python_interpreter: /usr/bin/python3}
    - {name: service, service: {name: procps, state: started}}
    - {name: missing, copy: {src: nowhere, dest: /nowhere/x}, ignore_errors: true}
";

fn result<T: DeserializeOwned>(recording: &Recording, task: &str) -> Option<T> {
    let ended = |event: &Event<'_>| event.task() == Some(task) && event.outcome().is_some();
    recording.batch().events().find(ended).unwrap().result()
}

#[test]
fn results_of_common_modules_have_types() {
    let receiver = Receiver::start_with(|_: &Request| {
        Answer::ok().header("content-type", "application/json").body(r#"{"a": 1}"#)
    });
    for core in [Core::V2_19, Core::V2_16] {
        let ran = test()
            .arguments(&["-e", &format!("receiver={}", receiver.url())])
            .core(core)
            .local_hosts(&["web1"])
            .file("project/x.j2", "hi")
            .playbook(PLAYBOOK)
            .run()
            .expect_code(0);
        let recording = Recording::of_folder(ran.artifact_path("job_events")).unwrap();

        let facts: FactsResult = result(&recording, "facts").unwrap();
        assert!(facts.ansible_facts.contains_key("ansible_kernel"));
        let set: FactsResult = result(&recording, "set").unwrap();
        assert_eq!(set.ansible_facts["a"], 1);

        let words: CommandResult = result(&recording, "words").unwrap();
        assert_eq!(words.cmd, CommandLine::Words(vec!["echo".into(), "out".into()]));
        assert_eq!((words.rc, words.stdout.as_str(), words.changed), (0, "out", true));
        assert!(words.delta.unwrap().starts_with("0:00:0"));
        let line: CommandResult = result(&recording, "line").unwrap();
        assert_eq!(line.cmd, CommandLine::Line("echo err >&2; exit 3".into()));
        assert_eq!((line.rc, line.stderr.as_str()), (3, "err"));
        assert_eq!(line.msg, "non-zero return code");
        let kept: CommandResult = result(&recording, "kept").unwrap();
        assert_eq!((kept.start, kept.changed), (None, false));

        let there: StatResult = result(&recording, "there").unwrap();
        let there = there.stat;
        assert!(there.exists && there.is_regular && !there.is_folder && !there.is_link);
        assert_eq!(there.path.as_deref(), Some("/etc/passwd"));
        assert_eq!((there.uid, there.owner.as_deref()), (Some(0), Some("root")));
        assert_eq!(there.checksum.unwrap().len(), 40);
        assert!(there.mode.unwrap().starts_with('0') && there.mtime.unwrap() > 0.0);
        let nowhere: StatResult = result(&recording, "nowhere").unwrap();
        assert_eq!(nowhere.stat, FileStatus::default());

        let place = |name: &str| ran.path("inventory").join(name).display().to_string();
        let file = |task: &str| result::<FileResult>(&recording, task).unwrap();
        for (task, changed) in [("copy", true), ("again", false)] {
            let copy = file(task);
            assert_eq!((copy.changed, copy.path()), (changed, Some(place("x").as_str())));
            assert_eq!((copy.state.as_str(), copy.size), ("file", Some(5)));
            assert_eq!(copy.mode.as_deref(), Some("0600"));
            let sha1 = "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d";
            assert_eq!(copy.checksum.as_deref(), Some(sha1));
        }
        assert_eq!(file("template").path(), Some(place("y").as_str()));
        assert_eq!(file("folder").state, "directory");
        let absent = file("absent");
        assert_eq!((absent.state.as_str(), absent.mode.as_deref()), ("absent", None));
        assert_eq!(absent.path(), Some(place("d").as_str()));
        let line = |task: &str| result::<LineResult>(&recording, task).unwrap();
        assert_eq!(
            (line("line in file").changed, line("line in file").msg.as_str()),
            (true, "line added")
        );
        assert_eq!((line("same line").changed, line("same line").msg.as_str()), (false, ""));
        let asked: UriResult = result(&recording, "asked").unwrap();
        assert_eq!((asked.status, asked.redirected), (200, false));
        assert_eq!(asked.json.unwrap()["a"], 1);
        let nobody: UriResult = result(&recording, "nobody").unwrap();
        assert!(nobody.status == -1 && nobody.msg.contains("refused"), "{}", nobody.msg);
        let packages: PackageResult = result(&recording, "packages").unwrap();
        assert_eq!((packages.changed, packages.stdout.as_str()), (false, ""));
        assert!(packages.cache_update_time.is_some());
        let service: ServiceResult = result(&recording, "service").unwrap();
        assert_eq!((service.name.as_str(), service.state.as_deref()), ("procps", Some("started")));
        assert_eq!(result::<FileResult>(&recording, "missing"), None, "its module never ran");
    }
}
