#!/usr/bin/env python3
"""Compares what Vim makes of specs with the classes of the compiler's tokens.

usage: vim_test.py VIM SYNTAX.vim TOKEN-CLASSES FILE.attn…

Exits with 77 where there is no Vim with syntax files.
"""

import os
import shutil
import subprocess
import sys
import tempfile

SCRIPT = """
let lines = []
for file in readfile('FILES')
  execute 'edit' fnameescape(file)
  syntax clear
  unlet! b:current_syntax
  source SYNTAX
  call add(lines, 'file ' . file)
  for line in range(1, line('$'))
    for column in range(1, len(getline(line)))
      let name = synIDattr(synID(line, column, 1), 'name')
      if name != ''
        call add(lines, line . ' ' . column . ' ' . substitute(name, '^attn', '', ''))
      endif
    endfor
  endfor
endfor
call writefile(lines, 'RESULT')
qall!
"""


def main():
    vim, syntax, classes = sys.argv[1:4]
    files = sys.argv[4:]
    if not shutil.which(vim) or "+syntax" not in subprocess.run([vim, "--version"], capture_output=True, text=True).stdout:
        print("skipped: there is no Vim with syntax files")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        script, result, names = (os.path.join(folder, name) for name in ("script.vim", "result", "files"))
        with open(names, "w", encoding="utf-8") as file:
            file.write("\n".join(files))
        with open(script, "w", encoding="utf-8") as file:
            file.write(SCRIPT.replace("FILES", names).replace("SYNTAX", syntax).replace("RESULT", result))
        done = subprocess.run([vim, "-u", "NONE", "-i", "NONE", "-N", "-n", "-e", "-s", "-c", "set encoding=utf-8",
                               "-S", script], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if not os.path.exists(result):
            raise SystemExit(f"vim failed: {done.stdout}{done.stderr}")
        painted = {}
        with open(result, encoding="utf-8") as file:
            for line in file.read().splitlines():
                if line.startswith("file "):
                    painted[line[5:]] = current = []
                else:
                    current.append(line)
    failures = 0
    for file in files:
        expected = subprocess.run([classes, file], capture_output=True, text=True, check=True).stdout.splitlines()
        expected = {line for line in expected if not line.endswith(" Variable")}
        found = set(painted[file])
        for line in sorted(expected ^ found, key=lambda line: [int(word) for word in line.split()[:2]])[:10]:
            failures += 1
            print(f"{file}: {'Vim lacks' if line in expected else 'Vim has'} {line}")
    return 1 if failures else 0


sys.exit(main())
