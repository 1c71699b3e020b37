#include <string>
#include <vector>
namespace shop {
class Order {
public:
    explicit Order(std::vector<std::string> lines) : lines_(std::move(lines)) {}
    virtual int total() const {
        int sum = 0;
        for (const auto &line : lines_) {
            sum += static_cast<int>(line.size()); // NOLINT
        }
        return sum;
    }
private:
    std::vector<std::string> lines_;
};
}
