# schedules.sh SCHEDULES RUN...: every mistake gives the right result without a schedule's seed and a wrong one with some of the first
# 20; what is right is right with all of them; and a seed always gives the same schedule.
schedules=$1
shift
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
seeds=$(seq 1 20)

wrong_with_a_seed() {
    for seed in $seeds; do
        if [ "$("$@" --schedule "$seed" "$schedules" "$name" 2>&1)" = wrong ]; then
            echo "$name: wrong with the seed $seed"
            return
        fi
    done
    false
}

names=$("$@" "$schedules" names) || exit 1
for name in $names; do
    said=$("$@" "$schedules" "$name" 2>&1)
    [ "$said" = right ] || { echo "$name without a seed: $said"; exit 1; }
    wrong_with_a_seed "$@" || { echo "$name: no seed of the first 20 shows it"; exit 1; }
done
for seed in $seeds; do
    "$@" --schedule "$seed" "$schedules" clean || { echo "with the seed $seed"; exit 1; }
done
for run in 7 7.again 8; do
    "$@" --schedule "${run%.again}" --report "$folder/$run" "$schedules" clean >/dev/null 2>&1
done
cmp "$folder/7" "$folder/7.again" || { echo "the seed 7 gives two schedules"; exit 1; }
if cmp -s "$folder/7" "$folder/8"; then echo "the seeds 7 and 8 give one schedule"; exit 1; fi
