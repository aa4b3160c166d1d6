# keep_messages.sh FOLDER COMMAND...: runs a compiler, and keeps what it says in FOLDER, under the name of the file after -o.
folder=$1
shift
output=
previous=
for argument; do
    [ "$previous" != -o ] || output=$argument
    previous=$argument
done
mkdir -p "$folder"
"$@" 2>&1 | tee "$folder/$(basename "$output").txt"
exit "${PIPESTATUS[0]}"
