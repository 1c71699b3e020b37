using System.Collections.Generic;
namespace Shop
{
    public class Order
    {
        public string Id { get; set; }
        public int Total(List<int> prices)
        { /* [bursar: bodies are left out, by their lines; the original: blob_0000000000000000000000000000000000000000000000000000000000000000] L12-20 */ }
    }
}
