#include <string>
#include <vector>
namespace shop {
class Order {
public:
    explicit Order(std::vector<std::string> lines) : lines_(std::move(lines)) {}
    virtual int total() const { /* [bursar: bodies are left out, by their lines; the original: blob_0000000000000000000000000000000000000000000000000000000000000000] L12-20 */ }
private:
    std::vector<std::string> lines_;
};
}
