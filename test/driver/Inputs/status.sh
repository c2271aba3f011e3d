# status.sh STATUS COMMAND...: succeeds if the command exits with that status.
expected=$1
shift
"$@"
status=$?
if [ "$status" -ne "$expected" ]; then
  echo "exit status $status, expected $expected: $*" >&2
  exit 1
fi
