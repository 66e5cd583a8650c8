// Loxctl runs commands for many records in parallel and keeps their output in
// order. What it can do stands in package cmd and in the libraries behind it.
package main

import (
	"os"

	"github.com/loxctl/loxctl/cmd"
)

//go:generate go run ./internal/gen

func main() { os.Exit(cmd.Main(os.Args[1:])) }
