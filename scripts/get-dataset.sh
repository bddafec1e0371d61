#!/usr/bin/env bash
# Fetches a data set from where its authors keep it, checks it, and puts it where demos/real-data looks.
#
#     get-dataset.sh NAME...   digits, mnist, fashion-mnist, cifar10, or of the UCI repository protein, naval,
#                              indoor, blog, news, slice
#     --to DIR                 the folder for them, each gets a folder of its own (default: datasets)
#     --list                   what there is, with sources and licences
#     --help                   this text
#
# A transfer that breaks off goes on where it stopped, now or when this is run again. What is complete is left
# alone. NASBOT_DATASETS_URL=URL fetches NAME/FILE from a mirror at that URL, under the same checks.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

uci=https://archive.ics.uci.edu/static/public
# One line a file: name, URL, checksum. Those of MNIST and Fashion-MNIST are torchvision's, that of CIFAR-10 is on
# its page. UCI publishes none: those here are what others recorded. For protein that is the sum of the table in the
# archive, which `table` checks, as it checks the rows and columns of all of UCI's tables; the archive has none (`-`).
files() {
    local mnist=https://ossci-datasets.s3.amazonaws.com/mnist
    local fashion=https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion
    cat <<END
mnist $mnist/train-images-idx3-ubyte.gz md5:f68b3c2dcbeaaa9fbdd348bbdeb94873
mnist $mnist/train-labels-idx1-ubyte.gz md5:d53e105ee54ea40749a09fcbcd1e9432
mnist $mnist/t10k-images-idx3-ubyte.gz md5:9fb629c4189551a2d022fa330f9573f3
mnist $mnist/t10k-labels-idx1-ubyte.gz md5:ec29112dd5afa0611ce80d1b7f02629c
fashion-mnist $fashion/train-images-idx3-ubyte.gz md5:8d4fb7e6c68d591d4c3dfef9ec88bf0d
fashion-mnist $fashion/train-labels-idx1-ubyte.gz md5:25c81989df183df01b3e8a0aad5dffbe
fashion-mnist $fashion/t10k-images-idx3-ubyte.gz md5:bef4ecab320f06d8554ea6380940ec79
fashion-mnist $fashion/t10k-labels-idx1-ubyte.gz md5:bb300cfdad3c16e7a12a480ee83cd310
cifar10 https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz md5:c32a1d4ab5d03f1284b67883e8d87530
protein $uci/265/physicochemical+properties+of+protein+tertiary+structure.zip -
naval $uci/316/condition+based+maintenance+of+naval+propulsion+plants.zip sha256:91a3815da80b5ab7e2d5b82ac82f1c2cbf89182c7a65bcdf240db1e014423cb9
indoor $uci/310/ujiindoorloc.zip sha256:893512b82dfd7a7c345d84195b1c8019fbca0fa0d7820ce491ce5aa45ec3782f
blog $uci/304/blogfeedback.zip sha256:1ba74e5ad920f7cd037502b2968581cc695146a226a73eff52fe8ad875ed4bcf
news $uci/332/online+news+popularity.zip sha256:dba2ae526f62ccef6f2f8efb53b0268319f4d0d2719bb98d88958cfe31d58a22
slice $uci/206/relative+location+of+ct+slices+on+axial+axis.zip sha256:9411f92082678169d2a01356f036708498c3ab507f6595919456bbb04a1d942a
END
}
digits_sha256=09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22

list() {
    cat <<'END'
digits          1,797 images 8×8, ten classes            in this repository; CC BY 4.0
mnist           60,000 + 10,000 images 28×28             LeCun, Cortes, Burges; CC BY-SA 3.0; 12 MB
fashion-mnist   60,000 + 10,000 images 28×28             Zalando Research; MIT; 31 MB
cifar10         50,000 + 10,000 images 32×32×3           Krizhevsky; no licence stated; 170 MB
protein         45,730 × 9, target RMSD                  UCI 265; CC BY 4.0
naval           11,934 × 16, target compressor decay     UCI 316; CC BY 4.0; 0.6 MB
indoor          21,048 × 529, target longitude, ...      UCI 310; CC BY 4.0
blog            60,021 × 280, target comments            UCI 304; CC BY 4.0
news            39,644 × 59, target shares               UCI 332; CC BY 4.0
slice           53,500 × 385, target location            UCI 206; CC BY 4.0
END
}

# check FILE CHECKSUM: whether the file has it; `-` is none.
check() {
    local kind=${2%%:*} sum=${2#*:}
    [ "$2" != - ] || return 0
    [ "$("${kind}sum" <"$1" | cut -d' ' -f1)" = "$sum" ]
}

# fetch URL FILE CHECKSUM: until it is whole, at most five times.
fetch() {
    local url=$1 file=$2 sum=$3 part=$2.part status answer try
    for try in 1 2 3 4 5; do
        status=0
        answer=$(curl --fail --location --silent --show-error --connect-timeout 20 --speed-time 60 --speed-limit 1 \
            --continue-at - --output "$part" --write-out '%{http_code}' "$url") || status=$?
        case $status in
            0) break ;;
            33 | 36) rm -f "$part" ;; # the server can't go on where it stopped: from the start
            6 | 7) [ "$try" -lt 3 ] || break ;; # no such host, no connection: offline, most likely
            22) # 416: there is nothing after what is there already, which is the whole file or another one
                if [ "$answer" = 416 ]; then
                    if [ "$sum" != - ] && check "$part" "$sum"; then status=0; break; fi
                    rm -f "$part"
                fi ;;
        esac
        echo "$(basename "$0"): try $try: curl failed ($status), $(stat -c %s "$part" 2>/dev/null || echo 0) bytes so far" >&2
        sleep "${NASBOT_DATASETS_PAUSE:-$((try * 2))}"
    done
    case $status in
        0) ;;
        6 | 7) die "can't reach $url: is this machine offline? What is there so far stays; run this again, or copy the file to $file by hand" ;;
        *) die "could not fetch $url (curl: $status). What is there so far stays in $part; run this again" ;;
    esac
    if ! check "$part" "$sum"; then
        local found
        found=$("${sum%%:*}sum" <"$part" | cut -d' ' -f1)
        rm -f "$part"
        die "$url is not the file that it was: its ${sum%%:*} is $found, not ${sum#*:}. It was deleted; try again, and if that fails the source has changed"
    fi
    mv "$part" "$file"
}

# table NAME ARCHIVE FILE: one CSV file, features first, then the target, of one of UCI's archives.
table() {
    "$repo/scripts/uci-table.py" "$@"
}

get() {
    local name=$1 folder=$to/$1 url sum file archive known
    if [ "$name" = digits ]; then
        file=$repo/datasets/digits/digits.csv.gz
        check "$file" "sha256:$digits_sha256" || die "$file is not the one of the repository: git checkout -- datasets/digits"
        mkdir -p "$folder"
        [ "$folder/digits.csv.gz" -ef "$file" ] || cp "$file" "$folder/"
        echo "$folder"
        return
    fi
    known=$(files | grep "^$name ") || die "no data set '$name'; see --list"
    mkdir -p "$folder"
    while read -r _ url sum; do
        file=$folder/$(basename "$url")
        [ -z "${NASBOT_DATASETS_URL:-}" ] || url=${NASBOT_DATASETS_URL%/}/$name/$(basename "$url")
        case $name in
            mnist | fashion-mnist)
                if [ ! -e "$file" ] || ! check "$file" "$sum"; then
                    step "$name: $(basename "$file")"
                    fetch "$url" "$file" "$sum"
                fi
                ;;
            cifar10)
                [ ! -e "$folder/test_batch.bin" ] || continue
                step "$name: 170 MB"
                [ -e "$file" ] || fetch "$url" "$file" "$sum"
                rm -rf "$folder/unpacked"
                mkdir "$folder/unpacked"
                tar -xzf "$file" -C "$folder/unpacked" --strip-components=1 ||
                    die "$file can't be unpacked: delete it and run this again"
                # The file that says that all are there comes last.
                mv "$folder"/unpacked/data_batch_[1-5].bin "$folder"/unpacked/batches.meta.txt "$folder/"
                mv "$folder/unpacked/test_batch.bin" "$folder/"
                rm -rf "$folder/unpacked" "$file"
                ;;
            *)
                [ ! -e "$folder/$name.csv.gz" ] || continue
                archive=$folder/$name.zip
                step "$name"
                [ -e "$archive" ] || fetch "$url" "$archive" "$sum"
                table "$name" "$archive" "$folder/$name.csv.gz"
                rm -f "$archive"
                ;;
        esac
    done <<<"$known"
    echo "$folder"
}

to=$repo/datasets names=()
while [ $# -gt 0 ]; do
    case $1 in
        -h | --help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
        --list) list; exit 0 ;;
        --to) to=${2:?--to needs a folder}; shift ;;
        --to=*) to=${1#--to=} ;;
        -*) die "unknown argument '$1'; see --help" ;;
        *) names+=("$1") ;;
    esac
    shift
done
[ ${#names[@]} -gt 0 ] || die "which data set? See --list"
need_packages curl=curl python3=python3
for name in "${names[@]}"; do
    get "$name"
done
