/* Copyright 2020 The Authors. */
package shop;

import java.util.List;

/** Orders. */
public class Shop {
    private final List<String> lines; // in their order

    public Shop(List<String> lines) {
        this.lines = lines;
    }

    /**
     * The sum.
     */
    @Override
    public int total() {
        int sum = 0;

        // each one
        for (String line : lines) {
            sum += line.length();
        }
        return sum;
    }
}
