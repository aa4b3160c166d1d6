# expect.sh STATUS PATTERN COMMAND...: the command must end with that status and say something that matches.
wanted=$1 pattern=$2
shift 2
said=$("$@" 2>&1)
status=$?
echo "$said"
if [ $status -ne "$wanted" ]; then
    echo "exit status $status; expected $wanted"
    exit 1
fi
if ! grep -Eq -- "$pattern" <<<"$said"; then
    echo "the output does not match: $pattern"
    exit 1
fi
