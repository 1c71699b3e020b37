//go:build linux
package shop
import "fmt"
func Total(lines []string, prices map[string]int) int { /* [bursar: bodies are left out, by their lines; the original: blob_0000000000000000000000000000000000000000000000000000000000000000] L9-20 */ }
