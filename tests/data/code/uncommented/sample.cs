using System.Collections.Generic;
namespace Shop
{
    public class Order
    {
        public string Id { get; set; }
        public int Total(List<int> prices)
        {
            var sum = 0;
            foreach (var price in prices)
            {
                sum += price;
            }
            return sum;
        }
    }
}
