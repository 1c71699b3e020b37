//go:build linux

// Package shop sells.
package shop

import "fmt"

// Total is the sum.
func Total(lines []string, prices map[string]int) int {
	sum := 0

	// each one
	for _, line := range lines {
		sum += prices[line] // in cents
	}
	fmt.Println(`a text

// that keeps its blanks`)
	return sum
}
