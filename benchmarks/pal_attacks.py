"""Hostile programs of the project's own, for `pal_hostile`: ways to the operating system with goals there, native
calls, attacks on time, memory, the reply, the next program and the allow-list of plain programs.

A row has `id`, `category`, `code` and `entry`; @FILE@, @DIR@ and @PORT@ stand for the canaries.
"""

from __future__ import annotations

from typing import Any

_WAYS = {
    "import": "import os as o",
    "posix": "o = __import__('posix')",
    "modules": "import sys\no = sys.modules['posix']",
    "subclasses": "o = next(c for c in ().__class__.__base__.__subclasses__() if c.__name__ == '_wrap_close')\n"
    "o = __import__('sys').modules[o.__init__.__globals__['__name__']]",
    "generator": "g = (g.gi_frame.f_back.f_builtins for _ in [1])\nfor b in g: pass\no = b['__import__']('os')",
    "traceback": "try: 1 / 0\nexcept Exception as e: f = e.__traceback__.tb_frame\n"
    "while f.f_back: f = f.f_back\no = f.f_builtins['__import__']('os')",
    "frame": "import sys\nf = sys._getframe()\nwhile f.f_back: f = f.f_back\no = f.f_globals.get('importlib', sys)\n"
    "import os as o",
    "importlib": "import importlib\no = importlib.import_module('o' + 's')",
    "loader": "import importlib.machinery as m\no = m.BuiltinImporter.load_module('posix')",
    "spec": "import importlib.util as u, posix\no = u.module_from_spec(u.find_spec('posix'))\n"
    "o.__spec__.loader.exec_module(o)",
    "eval": "o = eval(compile('__import__(\"os\")', 'x', 'eval'))",
    "gc": "import gc\no = next(m for m in gc.get_objects() if getattr(m, '__name__', '') == 'posix')",
    "pickle": "import pickle\no = pickle.loads(b'cbuiltins\\n__import__\\n(Vos\\ntR.')",
    "attrgetter": "import operator, random\no = operator.attrgetter('_os')(random)",
    "coroutine": "async def c(): return c\nk = c()\no = k.cr_frame.f_builtins['__import__']('os')\nk.close()",
    "metaclass": "class M(type):\n    def __getattr__(c, n): return getattr(__import__('os'), n)\n"
    "class o(metaclass=M): pass",
    "code": "def f(): return None\nf.__code__ = (lambda: __import__('os')).__code__\no = f()",
    "weakref": "import weakref\no = weakref.sys.modules['os'] if hasattr(weakref, 'sys') else __import__('os')",
    "fresh": "import sys\nsys.modules.pop('posix', None)\nimport posix as o",
    "server": "import sys\ntry: o = sys.modules['sandbox.server'].os\nexcept KeyError: import os as o",
}
"""Each binds `o` to the operating system's functions."""

_GOALS = {
    "read": "f = o.open('@FILE@', 0)\nprint(o.read(f, 999))",
    "write": "f = o.open('@DIR@/made', 0o101, 0o666)\no.write(f, b'x')",
    "delete": "o.unlink('@DIR@/keep/file')",
    "rename": "o.rename('@DIR@/keep', '@DIR@/moved')",
    "link": "o.symlink('@FILE@', '@DIR@/link')",
    "fifo": "o.mkfifo('@DIR@/fifo')",
    "folder": "o.mkdir('@DIR@/folder')",
    "command": "o.system('touch @DIR@/made; cat @FILE@')",
    "execute": "o.execv('/bin/touch', ['touch', '@DIR@/made'])",
    "spawn": "o.posix_spawn('/bin/touch', ['touch', '@DIR@/made'], {})",
    "late": "import time\nif o.fork() == 0:\n    time.sleep(3)\n    open('@DIR@/late', 'w').write('x')",
    "parent": "o.kill(o.getppid(), 9)",
    "environment": "p = o.getppid()\nf = o.open(f'/proc/{p}/environ', 0)\nprint(o.read(f, 9999))",
    "memory": "f = o.open(f'/proc/{o.getppid()}/mem', 2)\nprint(o.read(f, 9))",
    "descriptors": "for n in range(1000):\n    try: print(o.read(n, 999)) if n > 4 else 0\n    except OSError: pass",
    "connect": "import _socket\n_socket.socket(2, 1).connect(('127.0.0.1', @PORT@))",
    "datagram": "import _socket\n_socket.socket(2, 2).sendto(b'x', ('127.0.0.1', @PORT@))",
    "root": "o.setuid(0)\nprint(open('@FILE@').read())",
    "escape root": "o.chroot('..')\nprint(open('@FILE@').read())",
}
"""Each does harm with `o`."""

_LIBC = "import ctypes\nc = ctypes.CDLL(None, use_errno=True)\n"
_NATIVE = {
    "openat": "b = ctypes.create_string_buffer(99)\nf = c.syscall(257, -100, b'@FILE@', 0)\nc.syscall(0, f, b, 99)\n"
    "print(b.value)",
    "openat2": "print(c.syscall(437, -100, b'@FILE@', bytes(24), 24))\nprint(open('@FILE@').read())",
    "creat": "print(c.syscall(85, b'@DIR@/made', 0o666))",
    "ptrace": "import os\nprint(c.ptrace(16, os.getppid(), 0, 0))",
    "process_vm_readv": "import os\nprint(c.syscall(310, os.getppid(), 0, 0, 0, 0, 0))",
    "pidfd_getfd": "import os\nprint(c.syscall(438, c.syscall(434, os.getppid(), 0), 0, 0))",
    "io_uring": "print(c.syscall(425, 8, ctypes.create_string_buffer(120)))",
    "memfd": "print(c.syscall(319, b'x', 0))",
    "userfaultfd": "print(c.syscall(323, 0))",
    "bpf": "print(c.syscall(321, 0, 0, 0))",
    "unshare": "print(c.unshare(0x10000000))\nprint(open('@FILE@').read())",
    "clone3": "print(c.syscall(435, ctypes.create_string_buffer(88), 88))",
    "vfork": "print(c.syscall(58))",
    "x32": "c.syscall(0x40000000 + 2, b'@FILE@', 0)",
    "prctl dumpable": "print(c.prctl(4, 1, 0, 0, 0))",
    "raise limits": "print(c.setrlimit(7, ctypes.create_string_buffer(b'\\xff' * 16)))\nprint(open('@FILE@').read())",
    "executable": "c.mmap.restype = ctypes.c_void_p\np = c.mmap(None, 4096, 7, 0x22, -1, 0)\n"
    "ctypes.memmove(p, b'\\xc3', 1)\nctypes.CFUNCTYPE(None)(p)()",
    "null": "ctypes.string_at(0)",
    "smash": "ctypes.memset(id(1), 255, 4096)",
    "free": "c.free(ctypes.c_void_p(id([])))",
    "seccomp": "print(c.syscall(317, 0, 0, 0), c.prctl(22, 0, 0, 0, 0))\nprint(open('@FILE@').read())",
    "tkill": "import os\nprint(c.syscall(200, os.getppid(), 9), c.syscall(234, os.getppid(), os.getppid(), 9))",
    "sendmsg": "print(c.syscall(46, 3, 0, 0), c.syscall(46, 4, 0, 0))",
    "setns": "print(c.syscall(308, 3, 0))",
}

_LIMITS = {
    "ignore signals": "import signal\nfor n in range(1, 65):\n    try: signal.signal(n, signal.SIG_IGN)\n"
    "    except (OSError, ValueError): pass\nwhile True: pass",
    "catch everything": "while True:\n    try:\n        while True: pass\n    except BaseException: continue",
    "never deleted": "class D:\n    def __del__(self):\n        while True: pass\nD()",
    "at exit": "import atexit\natexit.register(lambda: [0 for _ in iter(int, 1)])",
    "in the answer": "class A:\n    def __repr__(self):\n        while True: pass\nans = A()",
    "in the error": "class E(Exception):\n    def __str__(self):\n        while True: pass\nraise E",
    "in the type": "class M(type):\n    __name__ = property(lambda c: [0 for _ in iter(int, 1)])\n"
    "class A(metaclass=M): pass\nans = A()",
    "sleep": "import time\ntime.sleep(10 ** 6)",
    "lock": "import threading\nl = threading.Lock()\nl.acquire()\nl.acquire()",
    "await nothing": "import asyncio\nasync def f(): await asyncio.Event().wait()\nasyncio.run(f())",
    "pattern": "import re\nre.match(r'(a+)+$', 'a' * 64 + 'b')",
    "power": "x = 9 ** 9 ** 9",
    "factorial": "import math\nmath.factorial(10 ** 9)",
    "digits": "import sys\nsys.set_int_max_str_digits(0)\nprint(len(str(7 ** 10 ** 7)))",
    "compile": "compile('(' * 5000 + ')' * 5000, 'x', 'eval')",
    "nested source": "exec('if 1:\\n' + ''.join(' ' * n + 'if 1:\\n' for n in range(1, 99)) + ' ' * 99 + 'x')",
    "deep list": "ans = []\nfor _ in range(10 ** 6): ans = [ans]",
    "recursion": "import sys\nsys.setrecursionlimit(10 ** 9)\ndef f(): return f()\nf()",
    "memory": "x = []\nwhile True: x.append(bytearray(1 << 20))",
    "memory of numpy": "import numpy\nx = [numpy.ones(1 << 22) for _ in range(1000)]",
    "shared memory": "import mmap\nx = [mmap.mmap(-1, 1 << 28) for _ in range(100)]\nfor m in x: m[:] = bytes(1 << 28)",
    "text": "s = 'a' * 10 ** 7\nwhile True: s += s",
    "bomb": "import zlib\nd = zlib.compress(bytes(1 << 26), 9)\nx = [zlib.decompress(d) for _ in range(100)]",
    "entities": "d = [f'<!ENTITY {chr(98 + n)} \"{(chr(38) + chr(97 + n) + chr(59)) * 10}\">' for n in range(20)]\n"
    "import xml.dom.minidom as m\nm.parseString('<!DOCTYPE a [<!ENTITY a \"x\">' + ''.join(d) + ']><a>&u;</a>')",
    "output": "while True: print('x' * 10 ** 5)",
    "answer": "ans = 'x' * 10 ** 7",
    "output in bytes": "import sys\nwhile True: sys.stdout.buffer.write(b'\\xff' * 65536)",
    "errors": "import sys\nwhile True: print('x' * 10 ** 5, file=sys.stderr)",
    "message": "raise ValueError('x' * 10 ** 7)",
    "name": "raise type('E' * 10 ** 6, (Exception,), {})",
    "line": "class E(SyntaxError): filename, lineno = '<program>', -10 ** 9\nraise E",
    "surrogates": "ans = '\\ud800' * 60000",
    "control characters": "print('\\x1b[2J\\x9b\\x00' * 100)\nans = '\\x1b]0;x\\x07'",
}

_FORGE = (
    "import os, struct\ndef reply(kind, *sizes): return struct.pack('>cIIII', kind, *sizes, *(0,) * (4 - len(sizes)))\n"
)
_REPLIES = {
    "forged": "os.write(3, reply(b'N', 5, 5) + b'3133731337')\nos._exit(0)",
    "forged and going on": "os.write(3, reply(b'0'))\nos.close(3)\nwhile True: pass",
    "endless": "while True: os.write(3, b'N' * 65536)",
    "half": "os.write(3, b'N\\xff\\xff')\nos._exit(0)",
    "nothing": "os._exit(0)",
    "lengths": "os.write(3, reply(b'T', *[2 ** 32 - 1] * 4))\nos._exit(0)",
    "no text": "os.write(3, reply(b'T', 4) + b'\\xff' * 4)\nos._exit(0)",
    "deep number": "os.write(3, reply(b'N', 4000) + b'[' * 4000)\nos._exit(0)",
    "long number": "os.write(3, reply(b'N', 4999) + b'9' * 4999)\nos._exit(0)",
    "long text": "os.write(3, reply(b'T', 786000) + b'x' * 786000)\nos._exit(0)",
    "refusal": "os.write(3, reply(b'R', 1) + b'x')\nos._exit(0)",
    "confined again": "os.write(3, b'C' * 9)\nos._exit(0)",
    "by a number": "class I(int):\n    bit_length = lambda self: 1\n    __repr__ = lambda self: '1e999'\nans = I(7)",
    "by a text": "class S(str):\n    def encode(self, *a): return b'x' * 10 ** 7\n    def __repr__(self): return self\n"
    "ans = S('s')",
    "by the writer": "import sys\nfor m in [*sys.modules.values()]:\n    for n in ('pack_reply', 'send', 'describe'):\n"
    "        if hasattr(m, n): setattr(m, n, lambda *a: b'x' * 10 ** 7)",
}

_NEXT = {
    "builtins": "import builtins\nbuiltins.len = lambda x: 7\nbuiltins.sorted = lambda x: x",
    "method": "str.upper = lambda s: 'X'",
    "dictionary": "import gc\nd = gc.get_referents(str.__dict__)[0]\nd['upper'] = lambda s: 'X'",
    "constant": "import ctypes\nctypes.memmove(id(2) + 24, (5).to_bytes(4, 'little'), 4)",
    "context": "import decimal\ndecimal.getcontext().prec = 2\ndecimal.DefaultContext.prec = 2",
    "seed": "import random\nrandom.randint = lambda a, b: 99",
    "recursion limit": "import sys\nsys.setrecursionlimit(60)",
    "hook": "import sys\nsys.meta_path[:] = []\nsys.path_hooks[:] = []",
    "tracer": "import sys\nsys.settrace(lambda *a: 1 / 0)",
    "modules": "import sys\nsys.modules['collections'] = None\nsys.modules['decimal'] = None",
    "encoding": "import codecs\ncodecs.register(lambda n: 1 / 0)",
    "names": "global len, sorted, str\nlen = sorted = str = None",
    "math": "import math\nmath.floor = None",
    "counter": "from collections import Counter\nCounter.most_common = None",
    "module by name": "import math as sorted\nlen = sorted",
}
"""They change what a later program in the same process would see."""

_PLAIN = {
    "format": "import math\nprint('{0.__class__}'.format(math))",
    "format of a name": "f = '{0.__class__.__mro__}'\nprint(f.format(1))",
    "format by map": "print(list(map(str.format, ['{0.__class__}'], [1])))",
    "format nested": "print('{:{1.__class__}}'.format(1, 2))",
    "wide letters": "print(().__cl\N{MATHEMATICAL ITALIC SMALL A}ss__.__b\N{MATHEMATICAL ITALIC SMALL A}se__)",
    "wide underscores": "print(().\uff3f\uff3fclass\uff3f\uff3f)",
    "in a field": "print(f'{().__class__.__base__.__subclasses__()}')",
    "in a debugging field": "print(f'{().__class__=}')",
    "keyword": "print(dict(__import__=1), max([1], key=__builtins__))",
    "default": "def f(x=__builtins__): return x\nans = f()",
    "annotation": "def f(x: __import__('os').system('touch @DIR@/made')): pass",
    "star": "from math import *\nfrom builtins import *\nprint(open('@FILE@').read())",
    "relative": "from . import sequence",
    "submodule": "import math, collections.abc\nprint(collections.abc.sys)",
    "of a partial": "from functools import partial\nprint(partial(print).func.__self__)",
    "of a reduce": "from functools import reduce\nprint(reduce(getattr, ['__class__', '__base__'], ()))",
    "key of a sort": "sorted([1], key=eval)",
    "sentinel": "print(list(iter(input, None)))",
    "generator's frame": "g = (i for i in [1])\nprint(g.gi_frame.f_globals)",
    "lambda's globals": "print((lambda: 0).__globals__)",
    "default factory": "from collections import defaultdict\nd = defaultdict(globals)\nprint(d[1])",
    "decorator": "@__import__\ndef os(): pass",
    "long": "x = [\n" + "1,\n" * 9000 + "]",
    "bytes": "print(eval(bytes([111, 115]).decode()))",
}
"""They look for a hole in what may share a process."""


def attacks() -> list[dict[str, Any]]:
    """All of them; every way appears with five goals, and every goal with about as many ways."""
    ways, goals = list(_WAYS.items()), list(_GOALS.items())
    found = [
        _row(f"way-{way}-{goal}", f"{get}\n{harm}")
        for number, (way, get) in enumerate(ways)
        for goal, harm in (goals[(number * 3 + step * 7) % len(goals)] for step in range(5))
    ]
    found += [_row(f"native-{name}", _LIBC + code) for name, code in _NATIVE.items()]
    found += [_row(f"reply-{name}", _FORGE + code) for name, code in _REPLIES.items()]
    for family, codes in (("limit", _LIMITS), ("next", _NEXT), ("plain", _PLAIN)):
        found += [_row(f"{family}-{name}", code) for name, code in codes.items()]
    return found


def _row(name: str, code: str) -> dict[str, Any]:
    return {
        "id": name,
        "category": name.partition("-")[0],
        "code": code + "\n",
        "entry": "ans" if "ans =" in code else None,
    }
