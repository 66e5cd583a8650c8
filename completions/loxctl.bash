# Completion of loxctl for bash 3.2 and later, without any other package.
#
# loxctl itself knows the answers ("loxctl __complete"); what is done here is
# the way there and back. Bash cuts the line into words at the characters of
# COMP_WORDBREAKS, = and : among them, and what it replaces is the last piece.

# _loxctl_words sets words to the words up to the cursor, with the pieces that
# bash has cut put together again: those with no blank between them.
_loxctl_words() {
    local line=${COMP_LINE:0:COMP_POINT} i n=-1 rest piece
    words=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        rest=${line#"${line%%[![:space:]]*}"}
        piece=${COMP_WORDS[i]}
        ((i < COMP_CWORD)) || piece=$rest # up to the cursor
        if ((n < 0)) || [[ $rest != "$line" ]]; then
            n=$((n + 1))
            words[n]=
        fi
        words[n]+=$piece
        line=${rest#"$piece"}
    done
}

_loxctl() {
    local words
    _loxctl_words
    local word=${words[${#words[@]} - 1]}

    local answer directive
    answer=$("${words[0]/#\~/$HOME}" __completeNoDesc "${words[@]:1}" 2>/dev/null) || return
    directive=${answer##*:}
    answer=${answer%:*}
    # The bits are those of cobra's ShellCompDirective. With 1, 8 and 16 the
    # answer is no list of choices.
    ((directive & 2)) && compopt -o nospace 2>/dev/null
    ((directive & 4)) && compopt +o default +o bashdefault 2>/dev/null
    ((directive & 16)) && compopt +o default +o bashdefault -o dirnames 2>/dev/null
    ((directive & (1 | 8 | 16))) && return

    # The choices are for the value of a flag, but bash replaces only what
    # stands behind the last break.
    local breaks=${COMP_WORDBREAKS//[!=:]/} flag= kept= choice
    [[ $word == -*=* ]] && flag=${word%%=*}=
    [[ -n $breaks && $word == *[$breaks]* ]] && kept=${word%"${word##*[$breaks]}"}
    while IFS= read -r choice; do
        [[ -n $choice && $flag$choice == "$word"* ]] || continue
        choice=$flag$choice
        COMPREPLY+=("${choice#"$kept"}")
    done <<<"$answer"
}

complete -o default -o bashdefault -F _loxctl loxctl
