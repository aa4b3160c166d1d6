# print.sh PROGRAM COMMAND...: what the program prints when COMMAND runs it is print.txt, also through a pipe.
program=$1
shift
diff <("$@" "$program") "$(dirname "$0")/print.txt"
