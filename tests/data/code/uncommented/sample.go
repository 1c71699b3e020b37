//go:build linux
package shop
import "fmt"
func Total(lines []string, prices map[string]int) int {
	sum := 0
	for _, line := range lines {
		sum += prices[line]
	}
	fmt.Println(`a text

// that keeps its blanks`)
	return sum
}
