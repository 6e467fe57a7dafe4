# Copyright: the Playhouse authors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells Playhouse what happens in a run.

This is the stdout callback of a Playhouse run. It subclasses the one the user chose, so
the terminal shows what it always did. Each event goes out once, as a frame on a channel
of its own; what the event prints is enclosed in two markers, and an event that prints
nothing leaves one marker. Record first, marker second, both under Display's lock:
whoever reads a marker knows that its record is on the way.

A frame is `<number> <uuid> <event> <bytes> <data>`, a line feed, that many bytes of JSON, a
line feed. The last `<data>` bytes of it, before the closing brace, are `event_data`. A marker
is `ESC _ <nonce>;<number><kind> ESC \\` with the kind `(`, `)` or `.`.

It must not change what the user's callback prints, nor fail a run whose channel breaks,
nor send anything from a forked worker.
"""

from __future__ import annotations

import contextlib
import ctypes
import datetime
import functools
import gc
import json
import os
import re
import signal
import socket
import sys
import threading
import time
import uuid

from ansible import __version__ as ansible_version
from ansible import constants as C
from ansible import context
from ansible.errors import AnsibleError
from ansible.plugins import strategy
from ansible.plugins.loader import callback_loader
from ansible.utils.display import Display

DOCUMENTATION = """
    name: playhouse_display
    type: stdout
    short_description: the user's stdout callback, with every event reported to Playhouse
    description:
      - Options are those of the stdout callback that it stands in for.
"""

DISPLAY = Display()
LOCK = DISPLAY._lock

CENSORED = (
    "the output has been hidden due to the fact that 'no_log: true' was specified for this result"
)

# With RUNNER_ONLY_FAILED_EVENTS, the events that keep their data.
FAILED_EVENTS = frozenset(("runner_on_failed", "runner_on_async_failed", "runner_item_on_failed"))

# What names an event of Display, in the order in which they win.
DISPLAY_EVENTS = ("debug", "verbose", "deprecated", "warning", "system_warning", "error")


# Where the program that started this run has put what this module needs to know.
SETTINGS_DESCRIPTOR = 47


def take_settings():
    """Reads our settings and closes their descriptor, and puts the user's variables back: an
    Ansible that the playbook starts is none of this run's business. Without a descriptor
    there is nobody to report to."""
    settings = dict.fromkeys(("channel", "nonce", "stdout_callback", "callback_plugins"), "")
    try:
        with open(SETTINGS_DESCRIPTOR, encoding="utf-8") as stream:
            settings.update(json.load(stream))
    except (OSError, ValueError):
        pass
    for name in ("stdout_callback", "callback_plugins"):
        variable = "ANSIBLE_" + name.upper()
        os.environ.pop(variable, None)
        if settings[name]:
            os.environ[variable] = settings[name]
    return settings


def load_users_callback():
    """The stdout callback this run would have without us, as a class."""
    # Our ANSIBLE_CALLBACK_PLUGINS hid the directories of ansible.cfg, and the default ones.
    for directory in C.config.get_config_value("DEFAULT_CALLBACK_PLUGIN_PATH") or ():
        callback_loader.add_directory(directory)
    name = users_callback_name()
    callback = callback_loader.get(name, class_only=True) if name in callback_loader else None
    if callback is None:
        if tuple(map(int, ansible_version.split(".")[:2])) < (2, 19):
            raise AnsibleError("Invalid callback for stdout specified: %s" % name)
        raise AnsibleError("Could not load %r callback plugin." % name)
    return callback


def users_callback_name():
    name, origin = C.config.get_config_value_and_origin("DEFAULT_STDOUT_CALLBACK")
    if "module_name" not in context.CLIARGS:
        return name
    # `ansible` heeds ansible.cfg only where that asks for callbacks in so many words.
    forced = os.environ.pop("ANSIBLE_LOAD_CALLBACK_PLUGINS", None)
    is_heeded = origin.startswith("env") or C.config.get_config_value("DEFAULT_LOAD_CALLBACK_PLUGINS")
    if forced is not None:
        os.environ["ANSIBLE_LOAD_CALLBACK_PLUGINS"] = forced
    if context.CLIARGS.get("one_line"):
        return "oneline"
    return name if is_heeded and name != "default" else "minimal"


class Channel:
    """Carries records to Playhouse, in order, one write each."""

    def __init__(self, address):
        self.is_open = False
        self._number = 0
        kind, _, path = address.partition(":")
        try:
            if kind == "unix":
                stream = socket.socket(socket.AF_UNIX)
                stream.connect(path)
                self._descriptor = stream.detach()
            elif kind == "file":
                self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
            else:
                return
        except OSError:
            return
        self.is_open = True

    def send(self, event_uuid, event, head, data):
        """Gives the record's number, or 0 where nobody listens any more."""
        self._number += 1
        size = len(head) + len(data) + len('{, "event_data": }')
        frame = (
            f"{self._number} {event_uuid} {event} {size} {len(data)}\n"
            f'{{{head}, "event_data": {data}}}\n'
        ).encode("ascii")
        try:
            written = os.write(self._descriptor, frame)
            while written < len(frame):
                written += os.write(self._descriptor, frame[written:])
        except OSError:
            self.close()
            return 0
        except BaseException:
            # Interrupted in mid-frame: no reader could find the next one's beginning.
            self.close()
            raise
        return self._number

    def close(self):
        if self.is_open:
            self.is_open = False
            try:
                os.close(self._descriptor)
            except OSError:
                # Of a disk's file, maybe; what it was given is gone either way.
                pass


class Terminal:
    """Puts the markers between what is printed to stdout and stderr."""

    def __init__(self, nonce):
        self._introducer = f"\x1b_{nonce};"
        # The event whose text is what is written now, or 0.
        self.number = 0
        # The marker that waits for the first text of the event at hand.
        self._begin = ""
        # The stream whose buffer must go out before the other one is written to.
        self._behind = None
        self._stdout = sys.stdout
        self._write_to_stdout = sys.stdout.write
        for stream in (sys.stdout, sys.stderr):
            self._watch(stream)

    def begin(self, number):
        self.number = number
        self._begin = f"{self._introducer}{number}(\x1b\\"

    def end(self):
        number, self.number = self.number, 0
        if not number:
            return
        try:
            if self._begin:
                self._begin = ""
                self._turn_to(self._stdout)
                self._behind = self._stdout
                self._write_to_stdout(f"{self._introducer}{number}.\x1b\\")
            else:
                stream, self._behind = self._behind, None
                stream.write(f"{self._introducer}{number})\x1b\\")
                stream.flush()
        except (OSError, ValueError):
            # A terminal that is gone is Ansible's to notice, not the callback's.
            pass

    def flush(self):
        if self._behind is not None:
            with contextlib.suppress(OSError, ValueError):
                self._behind.flush()

    def forget(self):
        """A forked child has no part in what its parent was printing. As a rule there is
        nothing, and then no page of memory has to be made its own."""
        if self.number or self._behind is not None:
            self.number = 0
            self._begin = ""
            self._behind = None

    def _watch(self, stream):
        write = stream.write

        def watched_write(text):
            if self.number == 0 and self._behind is None or not text:
                return write(text)
            with LOCK:
                self._turn_to(stream)
                begin, self._begin = self._begin, ""
                if not begin:
                    return write(text)
                if is_encodable(text, stream.encoding):
                    return write(begin + text) - len(begin)
                # Ansible's handler prints a warning in the midst of such a write.
                write(begin)
                written = write(text)
                self._behind = stream
                return written

        stream.write = watched_write

    def _turn_to(self, stream):
        if self._behind is stream:
            return
        if self._behind is not None:
            self._behind.flush()
        self._behind = stream if self.number else None


def is_encodable(text, encoding):
    if text.isascii():
        return True
    try:
        text.encode(encoding)
    except UnicodeError:
        return False
    return True


class Reporter:
    """Makes records of events, sends them and has their text marked."""

    def __init__(self):
        ids = {
            name.lower(): number_in(name) for name in ("JOB_ID", "AD_HOC_COMMAND_ID", "PROJECT_UPDATE_ID")
        }
        ids = {name: number for name, number in ids.items() if number is not None}
        self._origin = members_of({**ids, "pid": os.getpid()})
        self._omits_data = is_true("RUNNER_OMIT_EVENTS")
        self._keeps_failed_only = is_true("RUNNER_ONLY_FAILED_EVENTS")
        self._largest_result = number_in("MAX_EVENT_RES")

    def begin(self, name, scope, own, asks=""):
        """Reports an event, with what it says beside its scope. What is printed until
        `TERMINAL.end()` is its text. Needs the lock, from before it until after that. A
        mark behind the name says that the text asks for an answer: `?`, or `~` for a
        while."""
        if "uuid" not in own:
            own["uuid"] = UUIDS.next()
        head, data = self._record(name, scope, own)
        number = CHANNEL.send(own["uuid"], name + asks, head, data)
        if number:
            TERMINAL.begin(number)

    def _record(self, name, scope, own):
        """JSON: the members before `event_data`, and that."""
        created = show_time(microseconds())
        head = f'"event": "{name}", {self._origin}, "created": "{created}"'
        parent = scope.parent_of(own["uuid"])
        if parent:
            head += f', "parent_uuid": {parent}'
        if "verbosity" in own:
            head += f', "verbosity": {own.pop("verbosity")}'
        if self._omits_data or self._keeps_failed_only and name not in FAILED_EVENTS:
            return head, "{}"
        if self._largest_result is not None and "res" in own:
            if len(str(own["res"])) > self._largest_result:
                own["res"] = {}
        return head, f"{{{scope.members}{members_of(own)}}}"


def is_true(variable):
    return os.environ.get(variable, "").lower() == "true"


def number_in(variable):
    try:
        return int(os.environ.get(variable, ""))
    except ValueError:
        return None


def microseconds():
    """Since 1970."""
    return time.time_ns() // 1000


def show_time(since_1970):
    """In UTC, as `datetime.isoformat` does, which takes longer."""
    second, fraction = divmod(since_1970, 1_000_000)
    return f"{show_second(second)}.{fraction:06}+00:00"


@functools.lru_cache(maxsize=64)
def show_second(second):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))


class Uuids:
    """Random ones, version 4, but for the last twelve digits, which count: while the system
    is asked for random bytes, another thread takes over."""

    def __init__(self):
        self._common = str(uuid.uuid4())[:-12]
        self._last = int.from_bytes(os.urandom(5), "big")

    def next(self):
        self._last += 1
        return f"{self._common}{self._last:012x}"


UUIDS = Uuids()


def to_json(record):
    try:
        body = encode(record)
    except (TypeError, ValueError):
        # A key or a number that JSON does not have; looked for only when there is one.
        body = ENCODER.encode(with_plain_keys(record))
    if "\\ud" in body:
        body = ESCAPES.sub(without_lone_surrogate, body)
    return body


def members_of(record):
    """The JSON of a record without its braces, to be put together with others."""
    return to_json(record)[1:-1]


def plain(value):
    """What stands in JSON for a value that it has no form for."""
    ciphertext = getattr(value, "_ciphertext", None)
    if ciphertext is not None:
        if isinstance(ciphertext, bytes):
            ciphertext = ciphertext.decode("utf-8")
        return {"__ansible_vault": ciphertext}
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=str)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    try:
        return str(value)
    except Exception:
        # Ansible's undefined values raise what they like.
        return "<%s>" % type(value).__name__


def with_plain_keys(value):
    if isinstance(value, dict):
        return {plain_key(key): with_plain_keys(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [with_plain_keys(inner) for inner in value]
    if isinstance(value, float) and not abs(value) < float("inf"):
        return str(value)
    return value


def plain_key(key):
    if key is None or isinstance(key, (str, int)):
        return key
    text = plain(key)
    return text if isinstance(text, str) else str(text)


def without_lone_surrogate(escape):
    """Bytes that are no UTF-8 arrive as half a surrogate pair, which no strict reader of
    JSON takes."""
    return "\\ufffd" if escape.group("lone") else escape.group()


def encoder():
    """`ENCODER.encode`, but what it is made of is made once, where Python has that in C as
    we know it. A value that holds itself ends in RecursionError, as a deep one does."""
    escape = json.encoder.encode_basestring_ascii
    try:
        encode_in_pieces = json.encoder.c_make_encoder(
            None, plain, escape, None, ": ", ", ", False, False, False
        )
    except TypeError:
        return ENCODER.encode
    return lambda record: "".join(encode_in_pieces(record, 0))


ENCODER = json.JSONEncoder(default=plain, allow_nan=False)
encode = encoder()
ESCAPES = re.compile(r"\\(?:ud[89ab]..\\ud[c-f]..|(?P<lone>ud[89a-f]..)|.)")


class ScopeJson:
    """What a scope adds to each event in it. JSON is made once for all of these."""

    def __init__(self, scope):
        self.members = members_of(scope) + ", " if scope else ""
        parents = (scope.get(key) for key in ("task_uuid", "play_uuid", "playbook_uuid"))
        self._parents = {parent: to_json(parent) for parent in parents if parent}

    def parent_of(self, event_uuid):
        for parent, json_of_it in self._parents.items():
            if parent != event_uuid:
                return json_of_it
        return None


class Scope:
    """What holds for each event until further notice: playbook, play and task."""

    def __init__(self):
        self.playbook_uuid = UUIDS.next()
        self._playbook = {}
        self._started = {}
        self._seen = {}
        self.leave_play()

    def around(self, task):
        """The scope of an event that is about this task. A task is another object at each
        event, and what may be a template may be another value too."""
        action = task.action
        resolved_action = getattr(task, "resolved_action", action)
        known = task._uuid, task.name, action, resolved_action, arguments_of(task)
        if known != self._known:
            self._around = ScopeJson({**self._playbook, **self._play, **task_scope(*known, task)})
            self._known = known
        return self._around

    def enter_playbook(self, name):
        self._playbook = {"playbook": name, "playbook_uuid": self.playbook_uuid}
        self.leave_play()

    def enter_play(self, name, play_uuid, pattern):
        self._enter({"play": name, "play_uuid": play_uuid, "play_pattern": pattern})

    def leave_play(self):
        self._enter({})

    def _enter(self, play):
        self._play = play
        self._known = None
        self.here = ScopeJson({**self._playbook, **play})

    def enter_task(self, task):
        self.here = self.around(task)

    def start_host(self, name):
        self._started[name] = microseconds()

    def timing(self, host):
        start = self._started.get(host)
        if start is None:
            return {"start": None, "end": None, "duration": None}
        end = microseconds()
        return {
            "start": show_time(start),
            "end": show_time(end),
            "duration": (end - start) / 1_000_000,
        }

    def unique(self, event_uuid):
        """Plays and tasks come again, with `serial` or the free strategy: the second time
        the event's UUID ends in `_2`."""
        count = self._seen[event_uuid] = self._seen.get(event_uuid, 0) + 1
        return event_uuid if count == 1 else "%s_%d" % (event_uuid, count)


def arguments_of(task):
    """As they are shown, where the user asked for that."""
    if not C.DISPLAY_ARGS_TO_STDOUT:
        return ""
    if task.no_log:
        return CENSORED
    return ", ".join("%s=%s" % argument for argument in task.args.items())


def task_scope(task_uuid, name, action, resolved_action, arguments, task):
    scope = {
        "task": name or action,
        "task_uuid": str(task_uuid),
        "task_action": action,
        "resolved_action": resolved_action,
        "task_args": arguments,
    }
    try:
        scope["task_path"] = task.get_path()
    except AttributeError:
        pass
    role = task._role
    if role:
        role_name, full_name = role._role_name, role.get_name()
    else:
        role_name = full_name = getattr(task, "role_name", "")
    if full_name != role_name:
        scope["resolved_role"] = full_name
    if role_name:
        scope["role"] = role_name
    return scope


SETTINGS = take_settings()
BASE = load_users_callback()
CHANNEL = Channel(SETTINGS["channel"])
TERMINAL = Terminal(SETTINGS["nonce"])
REPORTER = Reporter()
SCOPE = Scope()
FLAGS = threading.local()
REPORTED_METHODS = set()
IS_AD_HOC = bool(os.environ.get("AD_HOC_COMMAND_ID"))


def must_report():
    """Not what happens inside an event, and nothing where nobody listens."""
    return CHANNEL.is_open and not (TERMINAL.number and LOCK._is_owned())


def report_what_display_shows():
    """What Display shows outside of callbacks is an event of its own, which has a flag
    for each method of Display that the text came through."""
    flags = {
        "banner": "banner",
        "deprecated": "deprecated",
        "error": "error",
        "error_as_warning": "error_as_warning",
        "get_deprecation_message": "get_deprecation_message",
        "system_warning": "system_warning",
        "warning": "warning",
        # Since core 2.19, what a worker says comes in by these.
        "_deprecated": "deprecated",
        "_error": "error",
        "_warning": "warning",
    }
    if C.DEFAULT_DEBUG:
        flags["debug"] = "debug"
    for name, flag in flags.items():
        method = getattr(Display, name, None)
        if method is not None:
            setattr(Display, name, flagging(method, flag))
    shows_verbose = "_verbose_display" if hasattr(Display, "_verbose_display") else "verbose"
    setattr(Display, shows_verbose, flagging_verbose(getattr(Display, shows_verbose)))
    Display.display = reporting_display(Display.display)
    Display.prompt = staticmethod(flushing_first(Display.prompt))
    Display.prompt_until = asking(Display.prompt_until)


def flagging(method, flag):
    @functools.wraps(method)
    def flagged(*args, **kwargs):
        # Ansible looks for the plugin that warns on the stack, where we are not.
        _skip_stackwalk = True
        with flags_set({flag: True}):
            return method(*args, **kwargs)

    return flagged


def flagging_verbose(method):
    @functools.wraps(method)
    def verbose(self, msg, host=None, caplevel=2):
        if self.verbosity <= caplevel:
            return method(self, msg, host=host, caplevel=caplevel)
        flags = {"verbose": True, "verbosity": caplevel + 1}
        if host is not None:
            flags["remote_addr"] = host
        with flags_set(flags):
            return method(self, msg, host=host, caplevel=caplevel)

    return verbose


@contextlib.contextmanager
def flags_set(flags):
    outer = getattr(FLAGS, "now", {})
    FLAGS.now = {**outer, **flags}
    try:
        yield
    finally:
        FLAGS.now = outer


def reporting_display(method):
    @functools.wraps(method)
    def display(self, msg, color=None, stderr=False, screen_only=False, log_only=False, *args, **kwargs):
        if log_only or not must_report():
            return method(self, msg, color, stderr, screen_only, log_only, *args, **kwargs)
        with LOCK:
            flags = getattr(FLAGS, "now", {})
            event = next((name for name in DISPLAY_EVENTS if name in flags), "verbose")
            asks = getattr(FLAGS, "asks", "")
            try:
                REPORTER.begin(event, SCOPE.here, {**flags}, asks)
                shown = method(self, msg, color, stderr, screen_only, log_only, *args, **kwargs)
            finally:
                TERMINAL.end()
            if asks:
                TERMINAL.flush()
            return shown

    return display


def asking(method):
    """For what shows a text and then waits for someone to type, as `pause` does."""
    @functools.wraps(method)
    def prompt_until(self, msg, private=False, seconds=None, *args, **kwargs):
        FLAGS.asks = "?" if seconds is None else "~"
        try:
            return method(self, msg, private, seconds, *args, **kwargs)
        finally:
            FLAGS.asks = ""

    return prompt_until


def flushing_first(method):
    """For what asks on the terminal itself, past the buffer of stdout."""
    @functools.wraps(method)
    def prompt(*args, **kwargs):
        TERMINAL.flush()
        return method(*args, **kwargs)

    return prompt


class Patience:
    """Stands in for the module `time` where a strategy waits for its workers. Ansible looks
    for a result each millisecond, and for a free worker ten times as often, however long
    that takes. This waits a two-hundredth of the time since the last fork where that is
    longer, so a task ends at most half a percent later."""

    LONGEST_WAIT = 0.1

    def __init__(self):
        self._last_fork = time.monotonic()

    def __getattr__(self, name):
        return getattr(time, name)

    def note_fork(self):
        self._last_fork = time.monotonic()

    def sleep(self, seconds):
        waited = time.monotonic() - self._last_fork
        time.sleep(max(seconds, min(waited / 200, self.LONGEST_WAIT)))

    def teach(self):
        """To the strategies that wait by themselves. `free` is loaded with the play."""
        free = sys.modules.get("ansible.plugins.strategy.free")
        for module in (strategy, free):
            if getattr(module, "time", None) is time:
                module.time = self


def leave_forked_children_alone():
    """A worker reports nothing, and ends with ansible-playbook."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None) if sys.platform.startswith("linux") else None
    set_parent_death_signal = 1
    termination = int(signal.SIGTERM)
    parent = os.getpid()
    main_thread = threading.main_thread().ident

    def in_child():
        CHANNEL.close()
        TERMINAL.forget()
        # The signal comes at the end of the thread that forked, so only the main thread's
        # children can have it. What a worker forks is not ours to end.
        if prctl is not None and os.getppid() == parent and threading.get_ident() == main_thread:
            prctl(set_parent_death_signal, termination)

    os.register_at_fork(before=TERMINAL.flush, after_in_child=in_child)


PATIENCE = Patience()
report_what_display_shows()
leave_forked_children_alone()
os.register_at_fork(before=PATIENCE.note_fork)


class CallbackModule(BASE):
    """The user's callback. Its methods are replaced below by ones that report."""

    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "playhouse_display"

    def set_options(self, *args, **kwargs):
        # Ansible looks options up by the plugin's name, and the user's callback has them.
        self._load_name = BASE._load_name
        super().set_options(*args, **kwargs)

    def _init_callback_methods(self):
        # Core 2.19 looks for deprecated methods here, and means the user's.
        self.__class__ = BASE
        try:
            self._init_callback_methods()
        finally:
            self.__class__ = CallbackModule
        self._implemented_callback_methods |= REPORTED_METHODS


def reports(event, *names):
    """Has callback methods report `event`. The decorated function gets the arguments of
    the method and gives what the event says beside its scope, and the task it is about
    where that is not the scope's; None reports nothing."""

    def decorate(describe):
        for name in names:
            if hasattr(BASE, name):
                setattr(CallbackModule, name, reporting(getattr(BASE, name), event, describe))
                REPORTED_METHODS.add(name)
        return describe

    return decorate


def reporting(method, event, describe):
    @functools.wraps(method)
    def reported(self, *args, **kwargs):
        if not must_report():
            return method(self, *args, **kwargs)
        with LOCK:
            described = describe(*args, **kwargs)
            if described is None:
                return method(self, *args, **kwargs)
            own, task = described
            scope = SCOPE.here if task is None else SCOPE.around(task)
            if own.get("res"):
                own["res"] = censored(own["res"])
            try:
                REPORTER.begin(event, scope, own)
                return method(self, *args, **kwargs)
            finally:
                TERMINAL.end()

    return reported


def censored(result):
    """A result as it may leave Ansible."""
    if result.get("_ansible_no_log", False):
        return {"censored": CENSORED}
    items = result.get("results")
    if not items or not any(is_secret(item) for item in items):
        return result
    items = [{"censored": CENSORED} if is_secret(item) else item for item in items]
    return {**result, "results": items}


def is_secret(item):
    return isinstance(item, dict) and item.get("_ansible_no_log", False)


@reports("playbook_on_start", "v2_playbook_on_start")
def playbook_start(playbook):
    SCOPE.enter_playbook(getattr(playbook, "_file_name", "???"))
    return {"uuid": SCOPE.playbook_uuid}, None


@reports("playbook_on_play_start", "v2_playbook_on_play_start")
def play_start(play):
    if IS_AD_HOC:
        return None
    hosts = getattr(play, "hosts", "")
    pattern = ",".join(hosts) if isinstance(hosts, list) else hosts
    name = play.get_name().strip() or pattern
    play_uuid = SCOPE.unique(str(play._uuid))
    SCOPE.enter_play(name, play_uuid, pattern)
    if gc.get_freeze_count() == 0:
        # What is loaded by now stays. Out of the collector's sight, workers share its pages.
        gc.freeze()
    return {"name": name, "pattern": pattern, "uuid": play_uuid}, None


@reports("playbook_on_task_start", "v2_playbook_on_task_start")
def task_start(task, is_conditional=False):
    SCOPE.enter_task(task)
    PATIENCE.teach()
    if IS_AD_HOC:
        return None
    event_uuid = SCOPE.unique(str(task._uuid))
    return {"name": task.get_name(), "is_conditional": is_conditional, "uuid": event_uuid}, None


@reports(
    "playbook_on_task_start", "v2_playbook_on_cleanup_task_start", "v2_playbook_on_handler_task_start"
)
def handler_start(task):
    SCOPE.enter_task(task)
    return {"name": task.get_name(), "uuid": str(task._uuid), "is_conditional": True}, None


@reports("playbook_on_include", "v2_playbook_on_include")
def include(included_file):
    return {"included_file": None if included_file is None else included_file._filename}, None


@reports("playbook_on_vars_prompt", "v2_playbook_on_vars_prompt")
def vars_prompt(
    varname, private=True, prompt=None, encrypt=None, confirm=False, salt_size=None, salt=None,
    default=None, unsafe=None,
):
    # Nobody is to see what is typed there, so nobody is to see what stands for it either.
    shown = "********" if private and default is not None else default
    return dict(
        varname=varname, private=private, prompt=prompt, encrypt=encrypt, confirm=confirm,
        salt_size=salt_size, salt=salt, default=shown, unsafe=unsafe,
    ), None


@reports("playbook_on_notify", "v2_playbook_on_notify")
def notify(handler, host):
    return {"host": host.get_name(), "handler": handler.get_name()}, None


@reports("playbook_on_import_for_host", "v2_playbook_on_import_for_host")
@reports("playbook_on_not_import_for_host", "v2_playbook_on_not_import_for_host")
@reports("playbook_on_no_hosts_matched", "v2_playbook_on_no_hosts_matched")
@reports("playbook_on_no_hosts_remaining", "v2_playbook_on_no_hosts_remaining")
def nothing_more(*_):
    return {}, None


@reports("playbook_on_stats", "v2_playbook_on_stats")
def stats(totals):
    SCOPE.leave_play()
    counts = ("changed", "dark", "failures", "ignored", "ok", "processed", "rescued", "skipped")
    own = {name: getattr(totals, name) for name in counts}
    own["artifact_data"] = totals.custom.get("_run", {})
    return own, None


@reports("runner_on_start", "v2_runner_on_start")
def runner_start(host, task):
    SCOPE.start_host(host.get_name())
    return {"host": host.get_name()}, task


@reports("runner_on_ok", "v2_runner_on_ok")
def runner_ok(result):
    if result._task.action in FACT_ACTIONS:
        forget_environment(result._result)
    return {
        **host_of(result),
        "res": result._result,
        **timing_of(result),
        "event_loop": result._task.loop_with,
    }, result._task


@reports("runner_on_failed", "v2_runner_on_failed")
def runner_failed(result, ignore_errors=False):
    return {
        **host_of(result),
        "res": result._result,
        **timing_of(result),
        "ignore_errors": ignore_errors,
        "event_loop": result._task.loop_with,
    }, result._task


@reports("runner_on_skipped", "v2_runner_on_skipped")
def runner_skipped(result):
    task = result._task
    return {**host_of(result), **timing_of(result), "event_loop": task.loop_with}, task


@reports("runner_on_unreachable", "v2_runner_on_unreachable")
def runner_unreachable(result):
    return {**host_of(result), **timing_of(result), "res": result._result}, result._task


@reports("runner_item_on_ok", "v2_runner_item_on_ok")
@reports("runner_item_on_failed", "v2_runner_item_on_failed")
@reports("runner_item_on_skipped", "v2_runner_item_on_skipped")
@reports("runner_retry", "v2_runner_retry")
def item(result):
    if result._task.action in FACT_ACTIONS:
        forget_environment(result._result)
    return {"host": result._host.get_name(), "res": result._result}, result._task


@reports("runner_on_async_poll", "v2_runner_on_async_poll")
@reports("runner_on_async_ok", "v2_runner_on_async_ok")
@reports("runner_on_async_failed", "v2_runner_on_async_failed")
def job(result):
    own, task = item(result)
    return {**own, "jid": result._result.get("ansible_job_id")}, task


@reports("runner_on_file_diff", "v2_on_file_diff")
def file_diff(result):
    return {"host": result._host.get_name(), "diff": result._result.get("diff")}, result._task


# What gathers facts, by all its names.
FACT_ACTIONS = frozenset(
    prefix + name
    for prefix in ("", "ansible.builtin.", "ansible.legacy.")
    for name in ("setup", "gather_facts")
)


def forget_environment(result):
    """Facts are for everyone who reads the artifacts; an environment holds secrets."""
    for part in (result, *(result.get("results") or ())):
        facts = part.get("ansible_facts") if isinstance(part, dict) else None
        if isinstance(facts, dict):
            facts.pop("ansible_env", None)


def host_of(result):
    return {"host": result._host.get_name(), "remote_addr": result._host.address}


def timing_of(result):
    return SCOPE.timing(result._host.get_name())
