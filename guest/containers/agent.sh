# The agent that waits inside a shell container. It is the text of `sh -c`, and needs nothing but a POSIX shell; `mkfifo`
# is used where it is there, so that `tool` may be called side by side, and `dd`, `cat` and `mkdir` when a run has files.
#
#   stdin   params, program, number of files in, each as path, size and bytes, number of files out, their paths; lines in
#           the form that `printf %b` reads. Then one line for each call: + and the answer, or - and the reason.
#   stdout  frames RS NONCE text RS NONCE LF; see src/sandbox/docker/frames.ts
#   stderr  the log, and an empty frame at the end
#
# 3 and 4 are the wire, 5 is a token that lets one call after the other use it.
_N=$1
exec 3>&1 4<&0 </dev/null 1>&2
_frame() { printf '\036%s%s\036%s\n' "$_N" "$1" "$_N" >&3; }

_LOCK=
if mkfifo /tmp/.turn 2>/dev/null && exec 5<>/tmp/.turn; then
  _LOCK=1
  rm -f /tmp/.turn
  echo >&5
fi

tool() {
  if [ $# -lt 2 ] || [ $# -gt 3 ]; then
    echo "usage: tool SERVER NAME ['{\"argument\": 1}']" >&2
    return 2
  fi
  [ -n "${3-}" ] || set -- "$1" "$2" '{}'
  [ -z "$_LOCK" ] || IFS= read -r _turn <&5
  _frame "tool $1
$2
$3"
  IFS= read -r _reply <&4 || exit 1
  [ -z "$_LOCK" ] || echo >&5
  case $_reply in
  +*) printf '%b\n' "${_reply#+}" ;;
  *)
    printf '%b\n' "${_reply#-}" >&2
    return 1
    ;;
  esac
}

_frame 'ready {}'
IFS= read -r _line <&4 || exit 0
PARAMS=$(printf '%b' "$_line")
# A variable of an environment may have 128 KiB.
[ ${#PARAMS} -gt 100000 ] || export PARAMS
IFS= read -r _line <&4 || exit 0
_CODE=$(printf '%b' "$_line")
IFS= read -r _count <&4 || exit 0
while [ "$_count" -gt 0 ]; do
  IFS= read -r _line <&4 && IFS= read -r _size <&4 || exit 0
  _path=$(printf '%b' "$_line")
  case $_path in */*) mkdir -p -- "${_path%/*}" ;; esac
  : >"$_path"
  [ "$_size" -eq 0 ] || dd bs="$_size" count=1 iflag=fullblock <&4 >"$_path" 2>/dev/null || {
    _frame "fail {\"kind\":\"error\",\"message\":\"the image has no dd that can take files\"}"
    exit 0
  }
  _count=$((_count - 1))
done
IFS= read -r _count <&4 || exit 0
_OUT=
while [ "$_count" -gt 0 ]; do
  IFS= read -r _line <&4 || exit 0
  _OUT="$_OUT$_line
"
  _count=$((_count - 1))
done

# The whole is read before its first line runs.
if ! _words=$(
  /bin/sh -n 2>&1 <<END
$_CODE
END
); then
  printf '\036%s\036%s\n' "$_N" "$_N" >&2
  _frame "syntax $_words"
  exit 0
fi
unset _line _path _size _count _words
_VALUE=$(eval "$_CODE")
_status=$?
printf '\036%s\036%s\n' "$_N" "$_N" >&2
if [ $_status -ne 0 ]; then
  _frame "exit $_status
$_VALUE"
  exit 0
fi
if [ -n "$_OUT" ]; then
  while IFS= read -r _line; do
    _path=$(printf '%b' "$_line")
    if [ -f "$_path" ]; then
      printf '\036%sfile %s\n' "$_N" "$_path" >&3
      cat -- "$_path" >&3
      printf '\036%s\n' "$_N" >&3
    else
      _frame "log warn files.out: \`$_path\`: no regular file"
    fi
  done <<END
${_OUT%?}
END
fi
_frame "text $_VALUE"
