// Package template turns a command with placeholders into the command lines of
// jobs. A command is compiled once; Append then writes one job's words without
// allocating and without ever reading a value again as anything but text.
//
// # The command
//
// A command of several words is what it looks like: a program and its
// arguments, no shell. A command of one word is a line for a shell if it has
// anything in it that only a shell understands: operators, redirections,
// expansions, patterns, comments, a ~ at the beginning of a word, an assignment
// in front, a reserved word or a command that shells have built in. Otherwise
// it is split at its blanks, quotes are removed, and it runs without a shell.
// Shell and NoShell change that: with Shell the words, joined by blanks, are a
// line for the shell, with NoShell one word is split whatever is in it. With
// Quote words are never split nor read as a line: a shell gets them quoted.
//
// Without a command each record is one: a line for the shell, or with NoShell a
// line that is split.
//
// # Tokens
//
//	{}       every value: alone in its word a word each
//	{.}      without the last extension; {..} and {...} without two, three
//	{/}      the last component of a path
//	{//}     the directory that it is in, . if there is none
//	{/.}     the last component without its extension; also {/..} {/...}
//	{+.}     the last extension, without the dot
//	{+/}     what stands before the last component, with the slash, or nothing
//	{%sfx}   without sfx at the end
//	{#pfx}   without pfx at the beginning
//	{^} {^^} the first character in upper case, all of them
//	{,} {,,} the same in lower case
//	{:O:L}   L characters after the first O; {:O} all after the first O. A
//	         negative L leaves out so many at the end; with a blank in front O
//	         may be negative, counted from the end: {: -3:2}
//	{:-text} text if the value is empty
//	{/RE/NEW/}  NEW for the first match of the regular expression RE (RE2);
//	         {/RE/NEW/g} for every match. In NEW \0 is the match, \1 to \9 are
//	         the groups, \/ is a slash and \\ a backslash; in RE \/ is a slash
//
//	{N} {-N} value number N, from the beginning or from the end
//	{name}   the value of a column
//	{N.} {name/.}      the forms with dots and slashes follow directly
//	{N:^^} {name:%sfx} the others after a colon; one that begins with a colon
//	         itself needs no second one: {1:-text} {name:0:3}. The forms with
//	         dots and slashes may have a colon too
//
//	{#} {%}  the number of the job, the number of the slot
//	{##}     the number of all jobs
//	{0#} {0%}  with zeros in front: all are as long as the longest
//
// Extensions begin at a dot in the last component, but not at one with which
// it begins: .bashrc has none. Slashes at the end of a path do not count for
// {/} {//} and {+/}. Characters are those of UTF-8; a byte that is not part of
// one counts as one, and never changes. The texts sfx, pfx and text hold no
// braces, quotes or newlines, RE and NEW no newlines. A value that a job does
// not have is empty.
//
// Everything else in braces is text, and so is a group right behind a dollar
// sign, which is meant for some shell: ${1}, ${name%.c}; only ${} is a dollar
// sign and the values. Where the name of a column is another token too, it is
// that token, unless it is a number that no value has. Such a number is an
// error otherwise, so is a bad regular expression. Options.Replace is another name for {}; the other tokens stay.
//
// A command without any token gets the values as its last words, a shell line
// at its end, before a comment; with Fixed it stays as it is.
//
// # Several values
//
// In a longer word {} acts like "$@" in a shell: x{}y with A, B and C gives the
// words xA, B and Cy. With Repeat it is xAy, xBy and xCy. {.}, {/} and so on do
// the same. In quotes, and in a Text, the values are joined by blanks; Repeat
// repeats the word with its quotes.
//
// # Shell lines
//
// A value goes into a shell line in quotes, those around the token are closed
// before and opened again, so that it always is one word or the part of the
// word where its token is: in '…', "…", $'…', $(…), `…` and ${name:-…}, also
// nested. In $((…)) a value must be a number, or Append fails. Where shells do
// not agree how to quote, in the subscript of an array for example, a token is
// an error of Compile; so is what they read in different ways, like ((…)) if
// the shell is not known to have it, and so are here-documents and quotes that
// are not closed.
// Tokens in comments stay. Backquotes around a token become $(…), and a token in
// ${…} becomes a variable that is set in front of the line.
package template
