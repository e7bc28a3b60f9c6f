# The agent that waits inside a Python container. It is the text of `python3 -I -B -c`, so the image needs no file of
# ours. It says `ready`, waits for one program on stdin, runs it, tells its end and exits: a container serves one run.
#
#   stdin   one JSON object per line: the run, then {"reply": call, "ok": …, "value" | "error": …}
#   stdout  frames RS NONCE text RS NONCE LF; see src/sandbox/docker/frames.ts
#   stderr  whatever the program's children print, and an empty frame at the end
#
# Nothing here guards a border: the program may do to this process what it likes. The border is the container, and the
# host believes no more of a frame than it would of the program itself.
import ast
import base64
import io
import json
import linecache
import os
import re
import resource
import stat
import sys
import threading
import traceback
import types

FILE = "program.py"
NONCE = sys.argv[1]
OPEN = ("\x1e" + NONCE).encode()
CLOSE = ("\x1e" + NONCE + "\n").encode()
WORDS_MAX = 8000
LINE_MAX = 16384
SAFE_INTEGER = 2**53
LONG_NUMBER = re.compile(r"\d{16}")

# The protocol keeps stdin and stdout for itself; the program and its children get an empty one and the log.
wire_out = os.dup(1)
os.dup2(2, 1)
wire_in = os.fdopen(os.dup(0), "rb")
nothing = os.open("/dev/null", os.O_RDONLY)
os.dup2(nothing, 0)
os.close(nothing)

writing = threading.Lock()
turn = threading.Condition(threading.Lock())
replies = {}
reading = False
last_call = 0


def frame(head, body=b""):
    return OPEN + head.encode("utf-8", "replace") + body + CLOSE


def send(head, body=b"", before=b""):
    data = before + frame(head, body)
    view = memoryview(data)
    with writing:
        while view:
            view = view[os.write(wire_out, view) :]


# ---- calls -------------------------------------------------------------------------------------------------------


class HostError(Exception):
    """A call of the host that failed: `code`, `message`, `retryable`, `issues`, `hint`, `data`."""

    def __init__(self, record, call):
        super().__init__(record["message"])
        self.code = record["code"]
        self.message = record["message"]
        self.tool = record.get("tool")
        self.retryable = record["retryable"]
        self.issues = record["issues"]
        self.hint = record.get("hint")
        self.data = record.get("data")
        self._call = call


class ToolError(HostError):
    """A failed call of a tool; `tool` is server.tool."""


def call(interface, function, arguments):
    """Sends one call and waits for its answer. Threads may call side by side; whoever waits reads for all."""
    global last_call, reading
    text = json.dumps(arguments, allow_nan=False, separators=(",", ":"), default=plain)
    with turn:
        last_call += 1
        number = last_call
    send(f"call {number} {interface} {function} {text}")
    with turn:
        while number not in replies:
            if reading:
                turn.wait()
                continue
            reading = True
            turn.release()
            try:
                line = wire_in.readline()
            finally:
                turn.acquire()
                reading = False
            if not line:
                os._exit(0)
            reply = json.loads(line)
            replies[reply["reply"]] = reply
            turn.notify_all()
        reply = replies.pop(number)
    if reply["ok"]:
        return reply["value"]
    record = reply["error"]
    raise (ToolError if record.get("tool") else HostError)(record, number)


class Tool:
    def __init__(self, server, name, raw):
        self._server, self._name, self._raw = server, name, raw

    def __call__(self, *given, **named):
        if len(given) > 1 or (given and (named or not isinstance(given[0], dict))):
            raise TypeError(f"tools.{self._server}.{self._name} takes named arguments, or one dict of them")
        return call("tools", "call", [self._server, self._name, given[0] if given else named, self._raw])

    def __repr__(self):
        return f"<tool {self._server}.{self._name}>"


class Server:
    """The tools of one server: `server.tool(name=value)`, `server["tool"]`; `server.raw.tool` answers the whole result."""

    def __init__(self, name, raw=False):
        self._name, self._raw = name, raw

    def __getattr__(self, tool):
        if tool.startswith("__"):
            raise AttributeError(tool)
        return self[tool]

    def __getitem__(self, tool):
        if not self._raw and tool in ("raw", "$raw"):
            return Server(self._name, True)
        return Tool(self._name, tool, self._raw)

    def __dir__(self):
        return call("tools", "names", [self._name])

    def __iter__(self):
        return iter(dir(self))


class Tools:
    def __getattr__(self, server):
        if server.startswith("__"):
            raise AttributeError(server)
        return Server(server)

    def __getitem__(self, server):
        return Server(server)

    def __dir__(self):
        return call("tools", "names", [None])

    def __iter__(self):
        return iter(dir(self))


def search(query, limit=None):
    return call("tools", "search", [query, limit])


def load(handle):
    return call("blobs", "load", [handle])


def emit(block):
    call("content", "emit", [block])


class Intents:
    """Saved programs: `intents.name(parameter=value)`."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, name):
        return lambda given=None, **named: call("intents", "call", [name, named if given is None else given])


class Context:
    """Small values that outlive the run."""

    def get(self, key, default=None):
        entry = call("context", "get", [key])
        return default if entry is None else entry["value"]

    def set(self, key, value, ttl_ms=None, if_version=None):
        return call("context", "set", [key, value, ttl_ms, if_version])

    def increment(self, key, by=1, ttl_ms=None):
        return call("context", "increment", [key, by, ttl_ms])["value"]

    def delete(self, key):
        return call("context", "delete", [key])

    def list(self, prefix=None):
        return call("context", "list", [prefix])


# ---- the log -----------------------------------------------------------------------------------------------------


class LogText(io.TextIOBase):
    """stdout and stderr of the program, line by line; beyond the limit lines are only counted."""

    left = 0
    dropped = 0

    def __init__(self, level, descriptor):
        self._level, self._descriptor, self._rest, self._is_cut = level, descriptor, "", False

    encoding = "utf-8"

    def fileno(self):
        return self._descriptor

    def writable(self):
        return True

    @property
    def buffer(self):
        return os.fdopen(self._descriptor, "wb", buffering=0, closefd=False)

    def write(self, text):
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        *lines, self._rest = (self._rest + text).split("\n")
        if self._is_cut and lines:
            # The end of a line whose beginning has been written already.
            self._is_cut = False
            if lines[0] == "":
                del lines[0]
        for line in lines:
            self._line(line)
        if len(self._rest) > max(LogText.left, LINE_MAX):
            self._line(self._rest)
            self._rest, self._is_cut = "", True
        return len(text)

    def finish(self):
        if self._rest:
            self._line(self._rest)
        self._rest = ""

    def _line(self, line):
        if len(line) >= LogText.left:
            LogText.left = 0
            LogText.dropped += 1
            return
        LogText.left -= len(line) + 1
        send(f"log {self._level} {line}")


OUT, ERR = LogText("info", 1), LogText("warn", 2)


# ---- the program -------------------------------------------------------------------------------------------------


class Scan(ast.NodeVisitor):
    """What the text does at its top level, outside of functions and classes."""

    def __init__(self):
        self.returns = self.awaits = self.nonlocals = False
        self.names, self.typed = set(), set()

    def visit_Return(self, node):
        self.returns = True
        self.generic_visit(node)

    def visit_Await(self, node):
        self.awaits = True
        self.generic_visit(node)

    def visit_AsyncFor(self, node):
        self.awaits = True
        self.generic_visit(node)

    visit_AsyncWith = visit_AsyncFor

    def visit_Name(self, node):
        if isinstance(node.ctx, (ast.Store, ast.Del)):
            self.names.add(node.id)

    def visit_AnnAssign(self, node):
        if isinstance(node.target, ast.Name):
            self.typed.add(node.target.id)
        self.generic_visit(node)

    def visit_Import(self, node):
        self.names.update((alias.asname or alias.name).split(".")[0] for alias in node.names if alias.name != "*")

    visit_ImportFrom = visit_Import

    def visit_ExceptHandler(self, node):
        if node.name:
            self.names.add(node.name)
        self.generic_visit(node)

    def visit_FunctionDef(self, node):
        self.names.add(node.name)
        self.nonlocals = self.nonlocals or any(isinstance(inner, ast.Nonlocal) for inner in ast.walk(node))

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node):
        self.names.add(node.name)

    def visit_Lambda(self, node):
        pass

    # The variable of a comprehension is its own.
    def visit_ListComp(self, node):
        for inner in ast.walk(node):
            if isinstance(inner, ast.NamedExpr):
                self.names.add(inner.target.id)
            elif isinstance(inner, ast.Await):
                self.awaits = True

    visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_ListComp


def prepare(text):
    """A function without parameters from a function body; raises SyntaxError with the text's own lines."""
    tree = ast.parse(text, FILE)
    scan = Scan()
    scan.visit(tree)
    body = tree.body
    last = body[-1] if body else None
    scope = main.__dict__
    if not (scan.returns or scan.awaits):
        # Module rules, `import *` and all.
        if isinstance(last, ast.Expr):
            body[-1] = ast.copy_location(ast.Assign([ast.Name("__value__", ast.Store())], last.value), last)
        code = compile(ast.fix_missing_locations(tree), FILE, "exec")

        def as_module():
            exec(code, scope)
            return scope.get("__value__")

        return as_module
    if isinstance(last, ast.Expr):
        body[-1] = ast.copy_location(ast.Return(last.value), last)
    head = [node for node in body if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
    rest = [node for node in body if node not in head]
    # Names stay those of the module, so that `global` in a function of the program means what it says.
    names = [] if scan.nonlocals else sorted(scan.names - scan.typed)
    made = ast.parse("async def __program__(): pass" if scan.awaits else "def __program__(): pass")
    made.body[0].body = ([ast.Global(names)] if names else []) + (rest or [ast.Pass()])
    made.body = head + made.body
    code = compile(ast.fix_missing_locations(made), FILE, "exec")

    def as_function():
        exec(code, scope)
        program = scope["__program__"]
        if not scan.awaits:
            return program()
        import asyncio

        return asyncio.run(program())

    return as_function


class NoJson(Exception):
    pass


def plain(value):
    """What JSON has no form for, where one is plain: arrays and scalars of numerical libraries, dates, tables."""
    for name in ("tolist", "isoformat"):
        method = getattr(value, name, None)
        if callable(method):
            return method()
    if type(value).__name__ == "DataFrame":
        return value.to_dict(orient="records")
    if isinstance(value, (set, frozenset)):
        raise NoJson("a set; return sorted(value) or list(value)")
    if isinstance(value, (bytes, bytearray)):
        raise NoJson("bytes; decode them, or write them to a file")
    raise NoJson(f"a value of type {type(value).__name__}")


def refuse_large_integers(value):
    if isinstance(value, dict):
        for inner in value.values():
            refuse_large_integers(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            refuse_large_integers(inner)
    elif isinstance(value, int) and abs(value) > SAFE_INTEGER:
        raise NoJson("an integer beyond 2**53, whose digits JSON would lose; return str(value)")


def value_text(value):
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"), default=plain)
        if LONG_NUMBER.search(text):
            refuse_large_integers(value)
    except NoJson as error:
        return None, f"the program returned {error}"
    except ValueError as error:
        return None, f"the returned value has no JSON form: {error} (NaN and infinity are none)"
    except (TypeError, RecursionError) as error:
        return None, f"the returned value has no JSON form: {error}"
    try:
        return text.encode("utf-8"), None
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"), default=plain).encode("ascii"), None


# ---- the end -----------------------------------------------------------------------------------------------------


def usage():
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
    return {"cpuMs": round(cpu * 1000, 3), "memoryBytes": max(own.ru_maxrss, children.ru_maxrss) * 1024}


def leave(head, body=b""):
    # The program may have put streams of its own in their place, with something still in them.
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:
            pass
    OUT.finish()
    ERR.finish()
    os.write(2, OPEN + CLOSE)
    # In one piece: each write is a trip through the engine.
    send(head, body, before=frame("usage " + json.dumps({**usage(), "dropped": LogText.dropped})))
    os._exit(0)


def fail(kind, **said):
    leave("fail " + json.dumps({"kind": kind, **said}))


def words(error):
    name = type(error).__name__
    try:
        message = str(error)
    except BaseException:
        message = ""
    if not message:
        return name
    return message if type(error) in (Exception, ToolError, HostError) else f"{name}: {message}"


def place_of(error):
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename == FILE:
            column = getattr(frame, "colno", None)
            return {"line": frame.lineno, **({} if column is None else {"column": column + 1})}
    return {}


def fail_with(error):
    if isinstance(error, SystemExit):
        if error.code is None or error.code == 0:
            return
        said = error.code if isinstance(error.code, str) else f"the program exited with status {error.code}"
        fail("error", message=said[:WORDS_MAX], **place_of(error))
    number = getattr(error, "_call", None)
    fail(
        "error",
        message=words(error)[:WORDS_MAX],
        **place_of(error),
        **({"call": number} if isinstance(error, HostError) else {}),
    )


def give_files(paths, bytes_max):
    total = 0
    for path in paths:
        try:
            # A pipe would be waited for, and a device has no end.
            if not stat.S_ISREG(os.stat(path).st_mode):
                send(f"log warn files.out: `{path}`: Not a regular file")
                continue
            with open(path, "rb") as file:
                data = file.read(bytes_max - total + 1)
        except OSError as error:
            send(f"log warn files.out: `{path}`: {error.strerror}")
            continue
        total += len(data)
        if total > bytes_max:
            fail("files")
        send(f"file {path}\n", data)


def serve(run):
    grants = set(run["grants"])
    LogText.left = run["logBytes"]
    sys.stdout, sys.stderr = OUT, ERR
    for path, data in run["filesIn"].items():
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))
    sys.path.insert(0, os.getcwd())
    sys.modules["__main__"] = main
    scope = main.__dict__
    scope["params"] = run["params"]
    if "tools" in grants:
        scope.update(tools=Tools(), search=search, ToolError=ToolError)
    if "intents" in grants:
        scope["intents"] = Intents()
    if "context" in grants:
        scope["context"] = Context()
    if "blobs" in grants:
        scope["load"] = load
    if "content" in grants:
        scope["emit"] = emit
    text = run["code"]
    linecache.cache[FILE] = (len(text), None, text.splitlines(True), FILE)
    value = None
    try:
        try:
            program = prepare(text)
        except SyntaxError as error:
            fail("syntax", message=error.msg, line=error.lineno, column=error.offset)
        except (ValueError, RecursionError, MemoryError) as error:
            fail("syntax", message=str(error) or type(error).__name__)
        value = program()
    except BaseException as error:
        fail_with(error)
    encoded, refused = value_text(value)
    if refused is not None:
        fail("result", message=refused)
    if len(encoded) > run["valueBytes"]:
        fail("tooLarge", bytes=len(encoded))
    give_files(run["filesOut"], run["filesBytes"])
    leave("done ", encoded)


main = types.ModuleType("__main__")
send("ready " + json.dumps(usage()))
line = wire_in.readline()
if line:
    serve(json.loads(line))
