"""A peer in a process of its own, which waits for work: a line of JSON, then tensors; it answers likewise."""

import json
import os
import subprocess
import threading

MOST_SECONDS = 900  # of one answer: FlexAttention compiles for a minute on a slow machine


class PeerFailed(Exception):
    pass


class PeerProcess:
    def __init__(self, command, log, environment=None):
        self.log = log
        os.makedirs(os.path.dirname(log), exist_ok=True)
        with open(log, "w", encoding="utf-8") as errors:
            try:
                self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, env=environment)
            except OSError as problem:
                raise PeerFailed(f"{command[0]} doesn't start: {problem.strerror}") from problem

    def ask(self, request=None, tensors=()):
        """Sends bytes objects after the request, or waits for its greeting; (answer, the bytes that it announces)."""
        watch = threading.Timer(MOST_SECONDS, self.process.kill)
        watch.start()
        try:
            if request is not None:
                self.process.stdin.write(json.dumps({**request, "bytes": [len(tensor) for tensor in tensors]}).encode() + b"\n")
                for tensor in tensors:
                    self.process.stdin.write(tensor)
                self.process.stdin.flush()
            line = self.process.stdout.readline()
            answer = json.loads(line) if line else None
            content = self.process.stdout.read(answer["bytes"]) if answer and "bytes" in answer else b""
        except (OSError, ValueError) as problem:
            raise PeerFailed(f"{problem}; {self.last_words()}") from problem
        finally:
            watch.cancel()
        if answer is None or len(content) != answer.get("bytes", 0):
            raise PeerFailed(f"it ended; {self.last_words()}")
        return answer, content

    def last_words(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            lines = [line.strip() for line in file if line.strip()]
        return lines[-1] if lines else f"nothing in {self.log}"

    def close(self):
        """Ends it: at once after the end of its input, which every peer waits for."""
        try:
            self.process.stdin.close()
        except OSError:
            pass
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
