#!/usr/bin/env python3
"""Tests the manual page and the completions of bash, zsh and fish as their readers have them.

usage: pages_test.py man|bash|zsh|fish ATTNC PAGES

Exits with 77 where the program that reads the page is not installed.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

SKIP = 77
failures = 0


def check(good, text):
    global failures
    if not good:
        failures += 1
        print(text)


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, **options)


def commands_and_options(attnc):
    """{command ("" for compiling): its options} as `attnc --help` lists them."""
    overall = run(attnc, "--help").stdout
    names = re.findall(r"^  (\w+) ", overall.split("commands:")[1].split("options:")[0], re.M)
    lists = {"": overall.split("options:")[1]}
    lists.update({name: run(attnc, name, "--help").stdout for name in names})
    return {name: re.findall(r"^  (?:-\w, | {4})(--[\w-]+)", text, re.M) for name, text in lists.items()}


def manual(attnc, page):
    if not shutil.which("groff"):
        return SKIP
    made = run("groff", "-man", "-ww", "-Tutf8", "-Kutf8", "-P-cbou", page)
    check(not made.stderr, made.stderr)
    text = made.stdout
    for name, options in commands_and_options(attnc).items():
        check(not name or re.search(rf"^ +attnc {name} ", text, re.M), f"no command {name}")
        for option in options:
            check(option in text, f"no option {option} of {name or 'attnc'}")
    check("'[0,512,1000]'" in text, "quotes are not as they are typed")
    return 0


BASH = """source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
compopt() { :; }
_attnc; printf '%s\\n' "${COMPREPLY[@]}"
"""


def completions(attnc, folder, complete):
    """What every shell must answer. `complete` takes the words typed, the last of which is being completed."""
    for name, options in commands_and_options(attnc).items():
        words = ["attnc"] + ([name] if name else [])
        if name:
            check(name in complete("attnc", name[:2]), f"{name[:2]} does not complete to {name}")
            found = complete(*words, "--")
            check(set(found) >= set(options), f"{name}: lacks {set(options) - set(found)}")
            check(set(found) <= set(options), f"{name}: offers {set(found) - set(options)}")
    check("--depfile" in complete("attnc", "spec.attn", "--de"), "--depfile of compiling is not completed")
    check("header" in complete("attnc", "spec.attn", "--emit", "hea"), "a kind of --emit is not completed")
    check("unknown-name" in complete("attnc", "--explain", "unknown-n"), "a kind of diagnostic is not completed")
    check("x86-64-v3" in complete("attnc", "spec.attn", "--cpu", "x86-64-v"), "a CPU is not completed")
    check(any("one.attn" in word for word in complete("attnc", "check", "on")), "a spec is not completed")


def bash(attnc, page, folder):
    def complete(*words):
        done = run("bash", "--norc", "-c", BASH, "bash", page, *words, cwd=folder)
        check(not done.stderr, f"{words}: {done.stderr}")
        return done.stdout.split()

    completions(attnc, folder, complete)
    check("header" in complete("attnc", "spec.attn", "--emit", "=", "hea"), "--emit=hea is not completed")
    check("two.npy" in complete("attnc", "run", "one.attn", "-o", "tw"), "-o takes no file")
    check("two.npy" not in complete("attnc", "check", ""), "check offers what is no spec")
    return 0


def fish(attnc, page, folder):
    if not shutil.which("fish"):
        return SKIP
    environment = dict(os.environ, HOME=folder, XDG_CONFIG_HOME=folder)

    def complete(*words):
        script = f"source {page}; complete -C '{' '.join(words)}'"
        done = run("fish", "--no-config", "-c", script, cwd=folder, env=environment)
        check(not done.stderr, f"{words}: {done.stderr}")
        return [line.split("\t")[0] for line in done.stdout.splitlines()]

    completions(attnc, folder, complete)
    return 0


def zsh(attnc, page, folder):
    if not shutil.which("zsh"):
        return SKIP
    done = run("zsh", "-n", page)
    check(done.returncode == 0 and not done.stderr, done.stderr)

    def complete(*words):
        # zsh completes only at a prompt: stand-ins for the functions that show matches record them instead.
        script = f"""
            fpath=({os.path.dirname(page)} $fpath)
            words=({' '.join(words)}{" ''" if words[-1] == '' else ''}); CURRENT=$#words
            _describe() {{ eval "print -rl -- \\${{{words and '$2'}[@]%%:*}}" }}
            _alternative() {{ for one; do [[ $one == commands* ]] && eval "${{one#*:*:}}" 2>/dev/null; done; print -rl -- *.attn }}
            _files() {{ print -rl -- *.attn }}
            _arguments() {{
              local before=$words[CURRENT-1] one name action
              for one; do
                [[ $one == '*-'* ]] || continue
                name=${{${{one#\\*}}%%[+=\\[]*}}; action=${{one##*:}}
                if [[ $before == $name && $action == '('* ]]; then print -rl -- ${{=${{action#\\(}}%\\)}}; return; fi
              done
              for one; do [[ $one == '*-'* ]] && print -r -- ${{${{one#\\*}}%%[+=\\[]*}}; done
              print -rl -- *.attn
            }}
            autoload -Uz _attnc; _attnc
        """
        done = run("zsh", "-f", "-c", script, cwd=folder)
        check(not done.stderr, f"{words}: {done.stderr}")
        return [word for word in done.stdout.split() if word.startswith(words[-1])]

    completions(attnc, folder, complete)
    return 0


def main():
    kind, attnc, pages = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        for name in ("one.attn", "two.npy"):
            open(os.path.join(folder, name), "w", encoding="utf-8").close()
        if kind == "man":
            status = manual(attnc, os.path.join(pages, "attnc.1"))
        else:
            file = {"bash": "attnc.bash", "zsh": "_attnc", "fish": "attnc.fish"}[kind]
            status = {"bash": bash, "zsh": zsh, "fish": fish}[kind](attnc, os.path.join(pages, file), folder)
    if status == SKIP:
        print(f"skipped: what reads the page of {kind} is not installed")
    return status or (1 if failures else 0)


sys.exit(main())
