/* Copyright 2020 The Authors. */
package shop;
import java.util.List;
public class Shop {
    private final List<String> lines;
    public Shop(List<String> lines) {
        this.lines = lines;
    }
    @Override
    public int total() {
        int sum = 0;
        for (String line : lines) {
            sum += line.length();
        }
        return sum;
    }
}
