#!/bin/bash
set -eu
total() {
  local sum=0
  for line in "$@"; do
    sum=$((sum + line))
  done
  # shellcheck disable=SC2086
  echo "# no remark ${sum#0}"
  cat <<TEXT
a text

# that keeps its blanks
TEXT
}
total 1 2 3
