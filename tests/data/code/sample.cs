using System.Collections.Generic;

namespace Shop
{
    /// <summary>Orders.</summary>
    public class Order
    {
        public string Id { get; set; } // how it is known

        // The sum.
        public int Total(List<int> prices)
        {
            var sum = 0;

            foreach (var price in prices)
            {
                sum += price; /* in cents */
            }
            return sum;
        }
    }
}
