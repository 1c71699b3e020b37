// @ts-nocheck
import { Price } from './price';
/* eslint-disable no-console */
export interface Order {
  id: string;
  lines: string[];
}
export function total(order: Order, prices: Map<string, number>): number {
  let sum = 0;
  for (const line of order.lines) {
    sum += prices.get(line) ?? 0;
  }
  const shown = `a text

  // that keeps its blanks ${ sum}
`;
  console.log(shown);
  return sum;
}
