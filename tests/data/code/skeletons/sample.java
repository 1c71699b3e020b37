/* Copyright 2020 The Authors. */
package shop;
import java.util.List;
public class Shop {
    private final List<String> lines;
    public Shop(List<String> lines) { /* [bursar: bodies are left out, by their lines; the original: blob_0000000000000000000000000000000000000000000000000000000000000000] L10-12 */ }
    @Override
    public int total() { /* L18-26 */ }
}
