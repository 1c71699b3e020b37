// @ts-nocheck
/** Orders and what they cost. */
import { Price } from './price';

/* eslint-disable no-console */
export interface Order {
  id: string; // how it is known
  lines: string[];
}

/**
 * The sum.
 * @param order the order
 */
export function total(order: Order, prices: Map<string, number>): number {
  let sum = 0;

  for (const line of order.lines) {
    // a remark
    sum += prices.get(line) ?? 0; /* in cents */
  }
  const shown = `a text

  // that keeps its blanks ${/* inner */ sum}
`;
  console.log(shown);
  return sum;
}
